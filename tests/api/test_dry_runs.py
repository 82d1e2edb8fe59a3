"""Dry runs over the API: what is read, what is refused, and that nothing is changed."""

import asyncio
from typing import Any

import pytest

from dialer.engine.bell import until
from dialer.operations.one_by_one import MOST_WAITING
from tests.api.conftest import Server, fields_of
from tests.api.test_sources import load

EXACT = {
    "answer_rate": 1, "busy_share": 0, "invalid_share": 0, "ring_s": 10, "talk_s": 60, "wrap_up_s": 0, "variation": 0,
    "agents": 1,
}  # fmt: skip
pytestmark = pytest.mark.req("S7")


@pytest.fixture
async def path(server: Server) -> str:
    """A campaign with contacts, which was never published."""
    campaign = await server.runnable(time_zone="Europe/Berlin")
    await load(server, f"/campaigns/{campaign['id']}")
    return f"/campaigns/{campaign['id']}"


async def test_a_campaign_is_simulated_before_it_is_published(server: Server, path: str) -> None:
    before = await server.ok("GET", path)
    result = await server.ok("POST", f"{path}/simulate", json=EXACT)
    contacts = before["contacts"]["total"]
    assert contacts > 0
    assert (result["contacts"], result["calls"], result["connected"]) == (contacts, contacts, contacts)
    assert (result["start"], result["time_zone"]) == ("2026-05-04T12:00:00Z", "Europe/Berlin")
    assert result["finishes_at"] == f"2026-05-04T12:{contacts * 70 // 60:02}:{contacts * 70 % 60:02}Z"
    assert result["results"] == [{"result": "answered", "contacts": contacts}]
    assert result["assumptions"]["answer_rate"] == 1
    assert await server.ok("GET", path) == before
    assert (await server.ok("GET", "/attempts"))["total"] == 0
    assert await server.ok("POST", f"{path}/simulate", json=EXACT) == result


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"answer_rate": 1.5}, "answer_rate"),
        ({"answer_rate": [0.5] * 23}, "answer_rate"),
        ({"answer_rate": [0.5] * 23 + ["x"]}, "answer_rate"),
        ({"agents": -1}, "agents"),
        ({"agents": 2.5}, "agents"),
        ({"talk_s": 0}, "talk_s"),
        ({"horizon_days": 1000}, "horizon_days"),
        ({"seed": "one"}, "seed"),
        ({"answer_rate": 0.9, "busy_share": 0.2}, "busy_share"),
        ({"talk": 3}, "talk"),
    ],
)
async def test_bad_assumptions_are_refused_at_their_field(
    server: Server, path: str, wrong: dict[str, Any], field: str
) -> None:
    problem = await server.refused("POST", f"{path}/simulate", 422, json=wrong)
    assert fields_of(problem) == {field}


async def test_only_who_may_edit_runs_it(server: Server, path: str) -> None:
    for role in ("viewer", "supervisor"):
        await server.refused("POST", f"{path}/simulate", 403, role=role, json={})
    await server.refused("POST", "/campaigns/99/simulate", 404, json={})


async def test_what_can_never_run_is_refused(server: Server, path: str) -> None:
    await server.ok("PATCH", path, json={"validity": {"from": None, "until": "2026-05-04T11:00:00Z"}})
    problem = await server.refused("POST", f"{path}/simulate", 422, json={})
    assert fields_of(problem) == {"validity.until"}
    await server.ok("POST", f"{path}/end")
    await server.refused("POST", f"{path}/simulate", 409, json={})


async def test_too_many_contacts_and_too_long_a_run_are_told(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.simulation.process.WALL_S", 0.05)
    problem = await server.refused("POST", f"{path}/simulate", 422, json={})
    assert fields_of(problem) == {"horizon_days"}
    monkeypatch.setattr("dialer.operations.dry_runs.MOST_CONTACTS", 1)
    problem = await server.refused("POST", f"{path}/simulate", 422, json={})
    assert fields_of(problem) == {"contacts"}


async def test_without_calls_so_far_measured_takes_what_was_given(server: Server, path: str) -> None:
    result = await server.ok("POST", f"{path}/simulate", json={**EXACT, "measured": True})
    assert result["assumptions"]["measured"] is False


async def test_few_wait_for_their_turn_and_nobody_runs_for_who_has_gone(server: Server, path: str) -> None:
    turns = server.ctx.dry_runs
    async with turns.turn():  # one that takes long
        waiting = [
            asyncio.create_task(server.call("POST", f"{path}/simulate", json=EXACT)) for _ in range(MOST_WAITING)
        ]
        await until(lambda: turns._waiting == MOST_WAITING, 60)
        crowded = await server.refused("POST", f"{path}/simulate", 429, json=EXACT)
        assert "try again in a minute" in crowded["detail"]
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await until(lambda: turns._waiting == 0, 60)
    await server.ok("POST", f"{path}/simulate", json=EXACT)
