"""The evidence of a number: everything in the order of time, on the called party's clock, with the rules in force."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.domain.evidence import COLUMNS, evidence, zone_for

NOW = datetime(2026, 5, 6, 16, tzinfo=UTC)


def row(**fields: Any) -> dict[str, Any]:
    same = {"campaign_id": 1, "title": "Spring", "contact_id": 7, "node": "call", "zone": None, "reason": None}
    return {**same, **fields}


def call(n: int, **fields: Any) -> dict[str, Any]:
    started = NOW + timedelta(minutes=n)
    times = {
        "started_at": started, "ringing_at": started + timedelta(seconds=2), "answered_at": started + timedelta(seconds=9.5),
        "connected_at": started + timedelta(seconds=10), "ended_at": started + timedelta(seconds=70),
    }  # fmt: skip
    known = {
        "id": f"A{n}", "gateway": "carrier", "agent": "Ann", "outcome": "answered", "state": "ended", "cause": 16,
        "tech_cause": None, "caller_id": "+12025550999", "rule_pack": "us-florida", "rule_version": "2026.1",
    }  # fmt: skip
    return row(**{**times, **known, **fields})


def text(n: int) -> dict[str, Any]:
    sent = NOW + timedelta(minutes=n)
    return row(
        id=f"M{n}", created_at=sent, final_at=sent, sender="", gateway="texter", text="=1+1", status="delivered", error=None,
        rule_pack=None, rule_version=None,
    )  # fmt: skip


def refusal(n: int, **data: Any) -> dict[str, Any]:
    rule = {"rule": "attempts", "pack": "us-florida", "version": "2026.1"}
    told = {
        "node": "call",
        "reason": "3 calls were made",
        "rule": rule,
        "until": (NOW + timedelta(hours=1)).isoformat(),
    }
    return {**row(id=n, at=NOW + timedelta(minutes=n), kind="put-off", data={**told, **data}), "node": None}


@pytest.mark.req("D7")
def test_everything_stands_in_the_order_of_time_with_the_called_partys_clock() -> None:
    entry = {"id": 3, "created_at": NOW, "campaign_id": None, "title": None, "reason": ""}
    found = evidence([call(5), call(1)], [text(3)], [], [], [refusal(4)], [entry], "America/New_York")
    assert [(one.kind, one.at - NOW) for one in found] == [
        ("do-not-contact", timedelta(0)),
        ("call", timedelta(minutes=1)),
        ("text", timedelta(minutes=3)),
        ("refusal", timedelta(minutes=4)),
        ("call", timedelta(minutes=5)),
    ]
    assert found[1].local == "2026-05-06T12:01:00-04:00"
    assert (found[1].rang_s, found[1].talked_s, found[1].duration_s) == (7.5, 60.0, 70.0)
    assert (found[1].caller_id, found[1].agent, found[1].step, found[1].rule_pack) == (
        "+12025550999", "Ann", "call", "us-florida"
    )  # fmt: skip
    assert (found[2].caller_id, found[2].text, found[2].disposition) == (None, "=1+1", "delivered")
    cited = found[3]
    assert (cited.rule, cited.rule_pack, cited.rule_version) == ("attempts", "us-florida", "2026.1")
    assert cited.until == NOW + timedelta(hours=1)
    assert (found[0].reason, found[0].campaign, found[0].contact_id) == (None, None, None)


def test_a_contacts_own_zone_goes_before_the_numbers_and_what_is_under_way_has_no_end() -> None:
    under_way = call(
        1, zone="Pacific/Honolulu", outcome=None, state="ringing", answered_at=None, connected_at=None, ended_at=None
    )
    (one,) = evidence([under_way], [], [], [], [], [], "America/New_York")
    assert one.local.endswith("06:01:00-10:00")
    assert (one.disposition, one.rang_s, one.talked_s, one.duration_s) == ("ringing", None, None, None)
    (bare,) = evidence([], [], [], [], [refusal(1, rule=None, until=None)], [], "UTC")
    assert (bare.rule, bare.until) == (None, None)


def test_a_number_that_may_be_in_several_zones_is_shown_in_utc() -> None:
    assert zone_for(("Europe/Berlin",)) == "Europe/Berlin"
    assert zone_for(("Atlantic/Canary", "Europe/Madrid")) == zone_for(()) == "UTC"
    assert COLUMNS[0] == "kind"
