"""Rule packs: the files say what the sources say, each rule is cited, and hours hold where the called party is."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from dialer.domain.campaign import Campaign, LoadOrder, calling_window, may_contact
from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.rules.catalogue import NONE, ORDER, pack, pack_faults, packs, ringing_s
from dialer.domain.rules.citation import Citation
from dialer.domain.rules.holidays import HolidayHours, national_holidays, warm
from dialer.domain.rules.hours import candidate_zones, closed_rules, zones_of
from dialer.domain.rules.pack import HoursRule, PackFile, RingRule, duration
from dialer.domain.windows import Closed, ExecutionTime, Validity

FLORIDIAN, NEW_YORKER, ANGELENO, TOLL_FREE = "+13055551234", "+12125551234", "+12135551234", "+18005550123"
SYDNEY, AUSTRALIAN_MOBILE, LONDON = "+61298765432", "+61412345678", "+442079460000"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def campaign(rule_pack: str, **fields: Any) -> Campaign:
    blank: dict[str, Any] = dict.fromkeys(Campaign.__dataclass_fields__)
    known = {"id": 1, "time_zone": "UTC", "load_order": LoadOrder.OLDEST_FIRST, "validity": Validity()}
    return Campaign(**{**blank, **known, "rule_pack": rule_pack, **fields})


# -- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.req("D7")
def test_every_pack_is_there_with_a_version_a_date_and_a_source_for_each_rule() -> None:
    assert tuple(packs()) == ORDER
    for one in packs().values():
        assert date.fromisoformat(one.dated) <= date(2026, 12, 31)
        assert one.version
        assert one.about
        assert all(cited.rule.source for cited in one.rules)
        assert len({cited.citation for cited in one.rules}) == len(one.rules)
    assert packs()[NONE].rules == ()


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("pack_id", "rule", "sentence"),
    [
        ("us-federal", "hours", "Calls and texts only from 08:00 to 21:00, on the called party's clock."),
        ("us-federal", "ring", "A call rings at least 15 s before it is given up."),
        (
            "us-federal",
            "abandonment",
            "At most 3 % of the calls that persons answer are abandoned, in each campaign over 30 days.",
        ),
        ("us-federal", "agent", "Who answers has an agent within 2 s, or hears a message; else the call is abandoned."),
        (
            "us-federal",
            "do-not-call",
            "Nobody who objected is contacted; a copy of the national do-not-call registry is at most 31 days old.",
        ),
        ("us-florida", "hours", "Calls and texts only from 08:00 to 20:00, on the called party's clock."),
        ("us-florida", "attempts", "At most 3 calls of the campaign to the number in any 24 h."),
        ("us-oklahoma", "attempts", "At most 3 calls of the campaign to the number in any 24 h."),
        ("us-maryland", "hours", "Calls and texts only from 08:00 to 20:00, on the called party's clock."),
        ("us-maryland", "attempts", "At most 3 calls of the campaign to the number in any 24 h."),
        ("us-federal", "own-list", "Who asked this seller not to be called stays on its own list for 5 years."),
        ("us-debt-collection", "attempts", "At most 7 calls of all campaigns to the number in any 7 days."),
        (
            "us-debt-collection",
            "after-conversation",
            "No call of all campaigns to the number for 7 days after somebody there spoke with an agent.",
        ),
        (
            "uk",
            "after-abandoned",
            "No call of all campaigns to the number for 72 h after one of them was abandoned.",
        ),
        ("uk", "abandonment", "None of the calls that persons answer are abandoned, in each campaign over 30 days."),
        (
            "canada",
            "hours",
            "Calls and texts only Mon–Fri from 09:00 to 21:30 and Sat–Sun from 10:00 to 18:00, on the called party's clock.",
        ),
        ("canada", "agent", "Who answers has an agent within 2 s; else the call is abandoned."),
        (
            "australia",
            "hours",
            "Calls and texts only Mon–Fri from 09:00 to 20:00 and Sat from 09:00 to 17:00, on the called party's clock.",
        ),
        ("australia", "holidays", "No calls and texts on national holidays (AU)."),
        ("eu", "objection", "Nobody who objected is contacted."),
        ("eu", "erasure", "Who asks to be erased is erased within a month."),
    ],
)
def test_the_figures_are_those_of_the_sources(pack_id: str, rule: str, sentence: str) -> None:
    found = {(cited.citation.pack, cited.citation.rule): cited.rule.sentence() for cited in pack(pack_id).rules}
    assert found[pack_id, rule] == sentence


def test_days_that_are_not_in_a_row_are_named_each() -> None:
    rule = HoursRule.model_validate(
        {
            "id": "hours",
            "source": "a law",
            "kind": "hours",
            "open": [{"days": ["mon", "wed"], "from": "09:00", "to": "10:00"}],
        }
    )
    assert rule.sentence().startswith("Calls and texts only Mon, Wed from 09:00 to 10:00")
    assert duration(24 * 6) == "144 h"


@pytest.mark.req("D7")
def test_florida_holds_the_federal_rules_too_and_cites_each_by_its_own_pack() -> None:
    florida, federal = pack("us-florida"), pack("us-federal")
    assert florida.strictest_ring() == federal.strictest_ring() == (Citation("ring", "us-federal", "2026.1"), 15)
    limit, agent, listed = florida.abandonment(), florida.agent(), florida.do_not_contact()
    assert limit is not None
    assert limit[1].most_percent == 3
    assert agent is not None
    assert agent[1].within_s == 2
    assert listed is not None
    assert listed[1].registry_age_days == 31
    assert [str(rule.citation) for rule in florida.times] == [
        "rule hours of the pack us-florida 2026.1",
        "rule hours of the pack us-federal 2026.1",
    ]


def test_a_pack_without_a_rule_has_none_to_ask_for() -> None:
    none = pack(NONE)
    assert (none.strictest_ring(), none.abandonment(), none.agent(), none.do_not_contact()) == (None,) * 4
    assert ringing_s(none, 5) == 5


@pytest.mark.req("D7")
def test_a_call_rings_no_shorter_than_the_rules_allow() -> None:
    assert ringing_s(pack("uk"), 5) == 15
    assert ringing_s(pack("uk"), 40) == 40


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [{"id": "ring", "kind": "ring", "source": "a law", "least_s": 15}] * 2},
        {"rules": [{"id": "hours", "kind": "hours", "source": "a law", "open": []}]},
        {"rules": [{"id": "hours", "kind": "hours", "source": "a law", "open": [{"from": "08:00:30", "to": "09:00"}]}]},
        {"rules": [{"id": "hours", "kind": "hours", "source": "a law", "open": [{"from": "08:00", "to": "08:00"}]}]},
        {"rules": [{"id": "x", "kind": "curfew", "source": "a law"}]},
        {"rules": [{"id": "ring", "kind": "ring", "source": "", "least_s": 15}]},
        {"version": "new"},
        {"colour": "red"},
    ],
)
def test_a_file_that_is_wrong_is_refused(change: dict[str, Any]) -> None:
    good = {"id": "moon", "name": "Moon", "version": "2026.1", "dated": "2026-11-28", "about": "Nobody."}
    assert PackFile.model_validate(good).rules == ()
    with pytest.raises((ValidationError, InvalidInput)):
        PackFile.model_validate({**good, **change})


def test_a_pack_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert pack_faults("uk") == ()
    (fault,) = pack_faults("moon")
    assert fault == Fault("rule_pack", f"there is no rule pack 'moon'; there are: {', '.join(ORDER)}")
    with pytest.raises(KeyError):
        pack("moon")


# -- hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("D7", "C9")
def test_the_zone_is_the_contacts_own_else_where_its_number_may_be_else_the_campaigns() -> None:
    assert zones_of("Pacific/Honolulu", FLORIDIAN, "UTC") == ("Pacific/Honolulu",)
    assert zones_of(None, FLORIDIAN, "UTC") == ("America/New_York",)
    assert zones_of(None, "+447700900123", "Europe/London") == ("Europe/London",)  # a range of which nothing is known
    assert zones_of(None, None, "UTC") == ("UTC",)
    assert candidate_zones("no number") == ()
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(candidate_zones(TOLL_FREE))


@pytest.mark.req("D7", "C9")
@pytest.mark.parametrize(
    ("number", "now", "is_open"),
    [
        (NEW_YORKER, "2026-05-06T11:59:59", False),
        (NEW_YORKER, "2026-05-06T12:00", True),
        (NEW_YORKER, "2026-05-07T00:59:59", True),
        (NEW_YORKER, "2026-05-07T01:00", False),
        (ANGELENO, "2026-05-06T14:59:59", False),
        (ANGELENO, "2026-05-06T15:00", True),
        (TOLL_FREE, "2026-05-06T15:00", False),  # Honolulu sleeps
        (NEW_YORKER, "2026-03-08T11:59", False),  # the clocks went forward that night: 7:59
        (NEW_YORKER, "2026-03-08T12:00", True),
        (NEW_YORKER, "2026-11-01T12:59", False),  # and back: 7:59
        (NEW_YORKER, "2026-11-01T13:00", True),
    ],
)
def test_hours_hold_where_the_number_is_in_every_zone_that_it_may_be_in(number: str, now: str, is_open: bool) -> None:
    federal = campaign("us-federal")
    assert may_contact(federal, None, number, at(now)) is is_open
    assert calling_window(federal, None, number, at(now)).open is is_open


@pytest.mark.req("D7", "C9")
def test_what_is_closed_says_which_rule_where_and_until_when() -> None:
    (one,) = closed_rules(pack("us-federal").times, candidate_zones(ANGELENO), at("2026-05-06T12:00"))
    assert one.citation == Citation("hours", "us-federal", "2026.1")
    assert one.zones == ("America/Los_Angeles",)
    assert one.opens_at == at("2026-05-06T15:00")
    assert list(closed_rules(pack("us-federal").times, candidate_zones(ANGELENO), at("2026-05-06T15:00"))) == []
    florida = closed_rules(pack("us-florida").times, candidate_zones(FLORIDIAN), at("2026-05-07T00:30"))
    assert [closed.citation.pack for closed in florida] == ["us-florida"]  # 20:30: the federal hours are open


@pytest.mark.req("D7", "C9")
def test_a_window_is_what_campaign_and_pack_both_allow() -> None:
    office = campaign("us-federal", execution=ExecutionTime.read("06:00", "10:00"), time_zone="America/New_York")
    early = calling_window(office, None, NEW_YORKER, at("2026-05-06T11:00"))
    assert (early.open, early.reason, early.changes_at) == (False, Closed.OUTSIDE_RULE_HOURS, at("2026-05-06T12:00"))
    late = calling_window(office, None, NEW_YORKER, at("2026-05-06T15:00"))
    assert (late.reason, late.changes_at) == (Closed.OUTSIDE_EXECUTION_TIME, at("2026-05-07T12:00"))
    assert calling_window(office, None, NEW_YORKER, at("2026-05-06T13:00")).changes_at == at("2026-05-06T14:00")
    assert calling_window(office, "America/Los_Angeles", NEW_YORKER, at("2026-05-06T12:30")).open is False
    assert may_contact(office, None, NEW_YORKER, at("2026-05-06T15:00")) is False
    over = campaign("us-federal", validity=Validity(None, at("2026-05-01T00:00")))
    assert may_contact(over, None, NEW_YORKER, at("2026-05-06T15:00")) is False
    never = campaign("us-federal", execution=ExecutionTime.read("03:00", "07:00"), time_zone="America/New_York")
    assert calling_window(never, None, NEW_YORKER, at("2026-05-06T11:00")).changes_at is None


@pytest.mark.req("D7", "C9")
def test_without_a_pack_nothing_changes() -> None:
    night = campaign(NONE, execution=ExecutionTime.read("22:00", "06:00"))
    for hour in range(24):
        now = at(f"2026-05-06T{hour:02}:00")
        assert may_contact(night, None, ANGELENO, now) is calling_window(night, None, ANGELENO, now).open
        assert may_contact(night, None, ANGELENO, now) is (hour >= 22 or hour < 6)


@pytest.mark.req("D7")
def test_nobody_is_called_on_a_national_holiday_or_the_day_that_is_taken_for_it() -> None:
    australia = campaign("australia", time_zone="Australia/Sydney")
    assert not may_contact(australia, None, SYDNEY, at("2026-04-06T02:00"))  # Easter Monday, noon
    assert not may_contact(australia, None, SYDNEY, at("2026-12-28T02:00"))  # Monday for Boxing Day, a Saturday
    assert may_contact(australia, None, SYDNEY, at("2026-12-29T02:00"))
    assert not may_contact(australia, None, SYDNEY, at("2026-05-03T02:00"))  # a Sunday
    opening = calling_window(australia, None, SYDNEY, at("2026-04-02T10:00"))  # Thursday before Easter, 21:00
    assert opening.changes_at == at("2026-04-03T22:00")  # Saturday at 9:00 of that clock
    assert not may_contact(australia, None, AUSTRALIAN_MOBILE, at("2026-05-06T00:30"))  # 8:30 in Perth
    assert date(2027, 1, 1) in national_holidays("AU", 2027)
    warm("AU", 2030)
    assert national_holidays("AU", 2031) is national_holidays("AU", 2031)
    assert not HolidayHours("AU").shows_open(datetime(2026, 12, 25, 12))  # noqa: DTZ001  (a clock on a wall)


def test_the_shortest_of_several_rings_is_no_answer() -> None:
    short = RingRule.model_validate({"id": "ring", "source": "a law", "kind": "ring", "least_s": 5})
    assert short.sentence() == "A call rings at least 5 s before it is given up."


@pytest.mark.req("D8")
def test_the_limit_of_abandoned_calls_is_never_above_the_packs() -> None:
    assert campaign("us-federal", abandonment_limit_percent=5.0).most_abandoned_percent == 3
    assert campaign("us-federal", abandonment_limit_percent=1.0).most_abandoned_percent == 1
    assert campaign(NONE, abandonment_limit_percent=5.0).most_abandoned_percent == 5
    assert campaign("uk", abandonment_limit_percent=5.0).most_abandoned_percent == 0


@pytest.mark.req("D7", "C9")
def test_what_is_remembered_of_an_hour_is_right_in_its_every_minute() -> None:
    """A window that opens and closes again within the hour that is remembered."""
    brief = campaign("us-federal", execution=ExecutionTime.read("09:20", "09:40"), time_zone="America/New_York")
    told = [calling_window(brief, None, NEW_YORKER, at(f"2026-05-06T13:{minute:02}")) for minute in (0, 19, 20, 39, 40)]
    assert [one.open for one in told] == [False, False, True, True, False]
    opens, closes, tomorrow = at("2026-05-06T13:20"), at("2026-05-06T13:40"), at("2026-05-07T13:20")
    assert [one.changes_at for one in told] == [opens, opens, closes, closes, tomorrow]
