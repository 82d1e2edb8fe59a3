"""A campaign's report over the API, on its page and as files."""

import pytest

from dialer.domain.outcome import Outcome
from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager
from tests.support import builders
from tests.support.context import Bench, Listener

__all__ = ("manager",)


async def called(server: Server) -> str:
    """The path of a campaign of two contacts, one of whom was reached by the first call."""
    path = await campaign_with_contacts(server, time_zone="Europe/Berlin")
    await server.ok("POST", f"{path}/publish")
    bench = Bench(server.ctx, server.clock, Listener())
    await builders.settle(bench, 1)
    (request, *_) = await builders.claim(bench, 1)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    await builders.end_call(bench, attempt_id, Outcome.ANSWERED)
    return path


@pytest.mark.req("A5")
async def test_the_report_of_a_campaign(server: Server) -> None:
    path = await called(server)
    told = await server.ok("GET", f"{path}/report", role="viewer")
    assert told["summary"]["loaded"] == sum(told["summary"]["states"].values()) == 2
    assert told["summary"]["results"]["outcomes"]["answered"] == told["summary"]["reached"] == 1
    assert sum(hour["results"]["attempts"] for hour in told["hours"]) == 1
    assert [row["reached"] for row in told["tries"]] == [1]
    assert [step["type"] for step in told["steps"]] == ["contact-in", "call", "end"]
    day = await server.ok("GET", f"{path}/report?day=2020-03-29")
    assert len(day["hours"]) == 23, "the clocks went forward in Berlin"
    for wrong in ("day=soon", "day=0001-01-01", "day=9999-12-31", "days=1"):
        await server.refused("GET", f"{path}/report?{wrong}", 422)
    await server.refused("GET", "/campaigns/99/report", 404)


@pytest.mark.req("A5")
async def test_its_tables_are_taken_along(server: Server) -> None:
    path = await called(server)
    for table, begins in (
        ("summary", "figure,number"), ("tries", "calls,contacts"), ("hours", "hour,starts_at"), ("steps", "node,name"),
    ):  # fmt: skip
        answer = await server.call("GET", f"{path}/report/{table}/export.csv", role="viewer")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="report-1-{table}.csv"'
        assert (await answer.text()).startswith(begins), table
    hours = await (await server.call("GET", f"{path}/report/hours/export.csv?day=2020-10-25")).text()
    assert len(hours.splitlines()) == 26
    await server.refused("GET", f"{path}/report/people/export.csv", 404)


@pytest.mark.req("A5")
async def test_no_step_runs_as_a_formula(server: Server) -> None:
    path = await campaign_with_contacts(server)
    document = builders.strategy({"id": "end", "type": "end", "name": "=cmd|1", "fields": {"result": "done"}})
    await server.ok("PUT", f"{path}/strategy", json=document)
    steps = await (await server.call("GET", f"{path}/report/steps/export.csv")).text()
    assert "end,'=cmd|1,end" in steps


@pytest.mark.req("A5", "A3")
async def test_the_page_of_the_report(server: Server, manager: Browser) -> None:
    empty = await server.runnable()
    assert "Nothing to report yet" in await manager.get(f"/campaigns/{empty['id']}/report")
    path = await campaign_with_contacts(server)
    shown = await manager.get(f"{path}/report")
    assert 'data-figure="loaded">2<' in shown
    assert "Nobody has been called yet" in shown
    assert "No call and no text was begun yet." in shown
    assert "should be a day like 2026-05-04" in await manager.get(f"{path}/report?day=soon", 422)
    assert "begun on that day" in await manager.get(f"{path}/report?day=2026-05-04")
    await manager.get("/campaigns/99/report", 404)
    await manager.log_in("the-viewer")
    assert 'data-figure="loaded">2<' in await manager.get(f"{path}/report")
