"""Rule packs over the API and on the pages: chosen, warned of, cited, and the evidence of a number (D7)."""

import csv
import io
from typing import Any, cast

import pytest
from sqlalchemy import update

from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import ORDER
from dialer.operations import attempts, do_not_contact
from dialer.operations.attempts import Intent
from dialer.operations.do_not_contact import NewEntry
from dialer.store.tables import campaign
from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager, settings
from tests.support import builders
from tests.support.context import Bench

__all__ = ["manager"]
ANN = "+4930123456"


async def called_twice(server: Server) -> str:
    """A campaign in Berlin under Florida's rules, which has called Ann twice, under an unkind caller id; its path."""
    path = await campaign_with_contacts(server, rule_pack="us-florida", time_zone="Europe/Berlin")
    async with server.ctx.db.write() as tx:  # as it could be set once
        await tx.execute(update(campaign).values(caller_id="=cmd|' /C calc'!A0"))
    await server.ok("POST", f"{path}/publish")
    bench, campaign_id = cast("Bench", server), int(path.rpartition("/")[2])
    await builders.settle(bench, campaign_id)
    ann, bob = await builders.claim(bench, campaign_id)
    for n, request in enumerate((ann, bob)):
        intent = Intent(f"01HZZZZZZZZZZZZZZZZZZZZZZ{n}", request, "carrier", "sales", "=cmd|' /C calc'!A0")
        assert await attempts.intend(server.ctx, [intent])
        started = server.clock()
        server.clock.advance(seconds=30)
        ended = CallResult(
            Outcome.NO_ANSWER, 19, None, None, started, None, None, server.clock(), "nobody answered in time"
        )
        await attempts.record(server.ctx, [], [(intent.attempt_id, ended)])
    await do_not_contact.add(server.ctx, [NewEntry(ANN, None, "asked us to stop")])
    return path


@pytest.mark.req("D7", "A1")
async def test_the_packs_are_listed_with_their_rules_and_sources(server: Server) -> None:
    found = await server.ok("GET", "/rule-packs", role="viewer")
    assert [one["id"] for one in found["items"]] == list(ORDER)
    federal = next(one for one in found["items"] if one["id"] == "us-federal")
    assert federal["rules"][0] == {
        "rule": "hours", "pack": "us-federal", "version": "2026.1", "kind": "hours",
        "text": "Calls and texts only from 08:00 to 21:00, on the called party's clock.",
        "source": "16 CFR 310.4(c); 47 CFR 64.1200(c)(1)",
    }  # fmt: skip


@pytest.mark.req("D7", "C11")
async def test_a_campaign_keeps_its_pack_and_a_clone_has_it_too(server: Server) -> None:
    made = await server.campaign(rule_pack="uk")
    assert (await server.ok("GET", f"/campaigns/{made['id']}/clone"))["rule_pack"] == "uk"
    problem = await server.refused("PATCH", f"/campaigns/{made['id']}", 422, json={"rule_pack": "moon"})
    assert "there is no rule pack 'moon'; there are: none, us-federal" in problem["errors"][0]["reason"]
    assert (await server.ok("GET", f"/campaigns/{made['id']}"))["rule_pack"] == "uk"


@pytest.mark.req("D7")
async def test_readiness_warns_of_hours_that_never_meet(server: Server) -> None:
    hours = {"start": "21:00", "end": "23:00"}
    made = await server.runnable(rule_pack="us-florida", time_zone="America/New_York", execution=hours)
    found = await server.ok("GET", f"/campaigns/{made['id']}/readiness")
    assert found["ready"]
    assert "execution.start" in [one["field"] for one in found["warnings"]]


@pytest.mark.req("D7", "K13")
async def test_why_not_cites_rule_pack_and_version(server: Server) -> None:
    path = await called_twice(server)
    server.clock.now = server.clock.now.replace(hour=20)  # 22:00 in Berlin
    bob = await server.ok("GET", f"{path}/contacts/2/why-not")
    assert all(one["rule"] is None for one in bob["reasons"])  # it is through, and waits for nothing
    ann = await server.ok("GET", f"{path}/contacts/1/why-not")
    cited = [one["rule"] for one in ann["reasons"] if one["condition"] == "do-not-contact"]
    assert cited == [{"rule": "do-not-call", "pack": "us-federal", "version": "2026.1"}]


@pytest.mark.req("D7")
async def test_the_settings_say_what_the_chosen_pack_holds_and_warn_while_typing(manager: Browser) -> None:
    await manager.server.runnable()
    page = await manager.get("/campaigns/1/settings")
    assert '<option value="us-florida" >United States, Florida</option>' in page
    typed = settings(
        rule_pack="us-florida", time_zone="America/New_York", **{"execution.start": "21:00", "execution.end": "23:00"}
    )
    checked = await manager.post("/campaigns/1/settings/check", 200, typed)
    assert 'id="rules"' in checked
    assert 'hx-swap-oob="outerHTML"' in checked
    assert "At most 3 calls of the campaign to the number in any 24 h." in checked
    assert "never within the hours of the rule pack us-florida" in checked
    await manager.post("/campaigns/1/settings", 303, settings(rule_pack="us-florida"))
    await manager.post("/campaigns/1/settings", 303, settings())  # a form that does not know of packs
    assert (await manager.server.ok("GET", "/campaigns/1"))["rule_pack"] == "us-florida"
    assert "Florida Statutes" in await manager.get("/campaigns/1/settings")


# -- evidence ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("D7", "A5")
async def test_the_evidence_of_a_number_is_complete(server: Server) -> None:
    path = await called_twice(server)
    found = await server.ok("GET", "/evidence", params={"number": "030 123456"}, role="supervisor")
    assert (found["number"], found["zones"], found["total"]) == (ANN, ["Europe/Berlin"], 2)
    call, entry = found["items"]
    expected: dict[str, Any] = {
        "kind": "call", "at": "2026-05-04T12:00:00Z", "local": "2026-05-04T14:00:00+02:00", "zone": "Europe/Berlin",
        "campaign_id": int(path.rpartition("/")[2]), "campaign": "Spring", "contact_id": 1, "step": "call",
        "caller_id": "=cmd|' /C calc'!A0", "gateway": "carrier", "agent": None, "disposition": "no_answer", "cause": 19,
        "rang_s": 30.0, "talked_s": None, "duration_s": 30.0, "rule_pack": "us-florida", "rule_version": "2026.1",
        "reason": "nobody answered in time", "ended_at": "2026-05-04T12:00:30Z",
    }  # fmt: skip
    assert {name: call[name] for name in expected} == expected
    assert (entry["kind"], entry["reason"], entry["campaign_id"]) == ("do-not-contact", "asked us to stop", None)


@pytest.mark.req("D7", "A5")
async def test_the_file_has_the_same_and_runs_no_formula(server: Server) -> None:
    await called_twice(server)
    response = await server.call("GET", "/evidence.csv", params={"number": ANN})
    assert response.headers["Content-Disposition"] == 'attachment; filename="evidence-4930123456.csv"'
    rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert [row["kind"] for row in rows] == ["call", "do-not-contact"]
    assert rows[0]["caller_id"] == "'=cmd|' /C calc'!A0"
    assert (rows[0]["number"], rows[0]["at"]) == (ANN, "2026-05-04T12:00:00+00:00")


@pytest.mark.req("D7", "A2")
async def test_a_viewer_may_not_read_the_evidence(server: Server) -> None:
    for path in ("/evidence", "/evidence.csv"):
        await server.refused("GET", path, 403, params={"number": ANN}, role="viewer")
    await server.refused("GET", "/evidence", 422, params={"number": "12"}, role="supervisor")
    await server.refused("GET", "/evidence", 422, role="supervisor")


@pytest.mark.req("D7", "A1")
async def test_the_page_shows_the_evidence_and_leads_to_the_files(manager: Browser) -> None:
    path = await called_twice(manager.server)
    contact = await manager.get(f"{path}/contacts/1")
    assert 'href="/evidence?number=%2B4930123456"' in contact
    page = await manager.get("/evidence?number=%2B4930123456")
    for told in (
        "no answer",
        "2026-05-04 12:00:00 UTC",
        "2026-05-04 14:00:00 CEST",
        "us-florida 2026.1",
        "asked us to stop",
    ):
        assert told in page
    assert 'href="/api/v1/evidence.csv?number=%2B4930123456"' in page
    assert "Every call and text to a number" in await manager.get("/evidence")
    assert "was never called or texted" in await manager.get("/evidence?number=%2B4930999999")
    assert "is too short" in await manager.get("/evidence?number=12", 422)
    viewer = Browser(manager.server)
    manager.server.client.session.cookie_jar.clear()
    await viewer.log_in("the-viewer")
    await viewer.get("/evidence", 403)
    assert "/evidence?" not in await viewer.get(f"{path}/contacts/1")
