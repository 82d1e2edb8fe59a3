"""What is happening now, over the API; and how the server says how it is."""

import asyncio
import json

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from admin.app import make_app
from dialer.domain.series import Counts
from dialer.operations import reports, series
from dialer.pacing.abandonment import AbandonmentMeter
from tests.api.conftest import Server

DEADLINE_S = 60


async def next_id(response: ClientResponse) -> str:
    async with asyncio.timeout(DEADLINE_S):
        while not (line := (await response.content.readline()).decode()).startswith("id: "):
            assert line, "the stream ended"
    return line.removeprefix("id: ").strip()


async def next_data(response: ClientResponse) -> str:
    """All lines of the event that is being read."""
    async with asyncio.timeout(DEADLINE_S):
        lines = []
        while (line := (await response.content.readline()).decode()).startswith("data: "):
            lines.append(line.removeprefix("data: "))
    return "".join(lines)


async def next_event(response: ClientResponse) -> dict[str, object]:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            line = (await response.content.readline()).decode()
            assert line, "the stream ended"
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))


@pytest.mark.req("A3")
async def test_changes_are_pushed_at_most_four_times_a_second(server: Server) -> None:
    response = await server.call("GET", "/live")
    assert response.content_type == "text/event-stream"
    assert (await next_event(response))["calls"] == server.snapshot["calls"]
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number in range(3):
        server.snapshot["calls"] = [{"attempt_id": str(number)}] * 2
        for _ in range(50):
            server.live.changed()
        assert (await next_event(response))["calls"] == server.snapshot["calls"]
    assert loop.time() - started >= 3 * 0.25 - 0.05
    response.close()


@pytest.mark.req("A3")
async def test_a_page_that_is_left_stops_being_watched(server: Server) -> None:
    response = await server.call("GET", "/live")
    await next_event(response)
    response.close()
    async with asyncio.timeout(DEADLINE_S):
        while server.live._watchers:
            server.live.changed()
            await asyncio.sleep(0.05)


@pytest.mark.req("A3")
async def test_who_comes_back_hears_only_of_what_it_has_not_seen(server: Server) -> None:
    response = await server.call("GET", "/live")
    first = await next_id(response)
    assert (await next_event(response))["calls"] == server.snapshot["calls"]
    response.close()
    back = await server.call("GET", "/live", headers={"Last-Event-ID": first})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await back.content.readline()
    back.close()
    server.snapshot["calls"] = []
    again = await server.call("GET", "/live", headers={"Last-Event-ID": first})
    assert await next_id(again) != first
    assert (await next_event(again))["calls"] == []
    again.close()
    anew = await server.call("GET", "/live", headers={"Last-Event-ID": "of-a-former-process"})
    assert (await next_event(anew))["calls"] == []
    anew.close()


@pytest.mark.req("A3")
async def test_a_page_that_comes_back_gets_the_parts_that_changed(server: Server) -> None:
    campaign = await server.runnable()
    address, headers = f"/campaigns/{campaign['id']}/live", {"Authorization": f"Bearer {server.tokens['viewer']}"}
    response = await server.client.get(address, headers=headers)
    first, text = await next_id(response), await next_data(response)
    assert all(f'id="{part}"' in text for part in ("counts", "agents", "calls"))
    response.close()
    server.snapshot["calls"] = []
    back = await server.client.get(address, headers=headers | {"Last-Event-ID": first})
    assert await next_id(back) != first
    text = await next_data(back)
    assert 'id="calls"' in text
    assert 'id="counts"' not in text
    back.close()


async def test_a_stop_does_not_wait_for_pages_that_look(server: Server) -> None:
    app = make_app(server.ctx, server.live)
    client = TestClient(TestServer(app))
    await client.start_server()
    headers = {"Authorization": f"Bearer {server.tokens['viewer']}"}
    response = await client.get("/api/v1/live", headers=headers)
    await next_event(response)
    async with asyncio.timeout(DEADLINE_S):
        await client.server.close()
    await client.close()


@pytest.mark.req("A3")
async def test_queues_come_with_their_members(server: Server) -> None:
    found = await server.ok("GET", "/queues")
    assert found["total"] == 1
    assert found["items"][0]["members"][0]["name"] == "Ann"
    assert found["link"]["state"] == "up"


@pytest.mark.req("A4")
async def test_health_and_readiness(server: Server) -> None:
    assert (await server.client.get("/healthz")).status == 200
    ready = await server.client.get("/readyz")
    assert ready.status == 200, await ready.text()
    server.snapshot["link"] = {"state": "down", "reason": "connection refused"}
    down = await server.client.get("/readyz")
    assert down.status == 503
    checks = (await down.json())["checks"]
    assert checks["asterisk"] == {"ready": False, "reason": "connection refused"}
    assert checks["database"]["ready"] is True


@pytest.mark.req("A4")
async def test_readiness_tells_what_is_degraded_and_stays_ready(server: Server) -> None:
    """Calls go on without an SMS gateway; a fresh import stands in the lists a little later."""
    ready = await server.client.get("/readyz")
    told = await ready.json()
    assert (ready.status, told["status"]) == (200, "degraded")
    gateways = told["degraded"]["sms_gateways"]
    assert gateways == {
        "degraded": True, "reason": "not bound: other", "states": {"smsc": "bound", "other": "down"},
    }  # fmt: skip
    assert told["degraded"]["contact_lists"] == {"degraded": False, "reason": None, "contacts_behind": 0}
    assert "refused" not in await ready.text(), "reasons of gateways are not for everybody"
    server.snapshot["gateways"] = []
    assert (await (await server.client.get("/readyz")).json())["status"] == "ready"


@pytest.mark.req("A4")
async def test_readiness_tells_how_far_lists_are_behind(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def behind(_ctx: object) -> int:
        return 5000

    monkeypatch.setattr(reports, "not_listed", behind)
    lists = (await (await server.client.get("/readyz")).json())["degraded"]["contact_lists"]
    assert lists["contacts_behind"] == 5000
    assert lists["degraded"] is True


@pytest.mark.req("A4")
async def test_readiness_names_a_database_that_is_behind(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        await tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    checks = (await (await server.client.get("/readyz")).json())["checks"]
    assert "dialer migrate" in checks["migrations"]["reason"]
    assert checks["database"]["ready"] is True


@pytest.mark.req("A4")
async def test_metrics(server: Server) -> None:
    await server.campaign()
    await server.call("GET", "/campaigns/1")
    await server.call("GET", "/campaigns/2")
    await server.client.get("/no/such/page/5", allow_redirects=False)
    server.snapshot["gateways"][0] |= {"breaker": "half_open"}
    server.snapshot["campaigns"] = [{"id": 1, "abandonment": AbandonmentMeter(200, 5).shown()}]
    text = await (await server.client.get("/metrics")).text()
    for line in (
        'dialer_http_requests_total{method="GET",route="/api/v1/campaigns/{campaign_id}",status="200"} 1.0',
        'dialer_http_requests_total{method="GET",route="/api/v1/campaigns/{campaign_id}",status="404"} 1.0',
        'dialer_http_requests_total{method="GET",route="unknown",status="303"} 1.0',
        'dialer_agents_free{queue="sales"} 1.0',
        "dialer_calls_in_flight 1.0",
        "dialer_asterisk_link_up 1.0",
        'dialer_gateway_up{gateway="carrier",kind="voice"} 1.0',
        'dialer_gateway_breaker_open{gateway="carrier"} 1.0',
        'dialer_gateway_up{gateway="smsc",kind="sms"} 1.0',
        'dialer_gateway_up{gateway="other",kind="sms"} 0.0',
        'dialer_abandonment_percent{campaign="1"} 2.5',
        'dialer_abandonment_limit_percent{campaign="1"} 3.0',
    ):
        assert line in text


async def test_without_an_engine_nothing_is_live(server: Server) -> None:
    async with TestClient(TestServer(make_app(server.ctx, None))) as client:
        headers = {"Authorization": f"Bearer {server.tokens['viewer']}"}
        assert (await client.get("/api/v1/live", headers=headers)).status == 503
        queues = await (await client.get("/api/v1/queues", headers=headers)).json()
        assert [queue["name"] for queue in queues["items"]] == ["sales", "support"]
        ready = await client.get("/readyz")
        assert ready.status == 503
        assert (await client.get("/metrics")).status == 200


@pytest.mark.req("A3")
async def test_series_of_a_campaign_and_of_all(server: Server) -> None:
    campaign = await server.campaign()
    at = server.clock().replace(second=0, microsecond=0)
    counts = Counts(calls=5, ended=4, answered=2, abandoned=1, texts=3)
    await series.add(server.ctx, {(campaign["id"], at): counts})
    found = await server.ok("GET", f"/series?campaign={campaign['id']}")
    assert (found["step_s"], found["span"], len(found["points"])) == (60, "hour", 61)
    told = {"calls": 5, "ended": 4, "answered": 2, "abandoned": 1, "texts": 3}
    assert found["points"][-1] == {"at": at.isoformat().replace("+00:00", "Z"), **told}
    assert (await server.ok("GET", "/series?span=day"))["points"][-1]["calls"] == 5
    await server.refused("GET", "/series?campaign=99", 404)
    await server.refused("GET", "/series?span=week", 422)
