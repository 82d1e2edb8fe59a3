"""How an SMS gateway is: over the API, on its page, and in the metrics."""

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import generate_latest

from admin.metrics import Metrics
from dialer.engine.gateway_view import view
from dialer.operations import reports
from sms.journal import Kind, Noted, Refusals
from sms.kept import BindStatus
from sms.settings import Counts, GatewaySettings, GatewayState, GatewayStatus
from sms.status import THROTTLED, status
from tests.api.conftest import Server
from tests.api.test_gateways import SMS, VOICE

NOW = datetime(2026, 5, 4, 12, 0, 30, 999_000, UTC)


def told(accepted: int = 7, refused: int = 2) -> dict[str, Any]:
    """Of a gateway that bound 20 seconds ago."""
    return view(
        GatewayStatus(
            name="texts", address="smsc.example:2775", state=GatewayState.BOUND, reason="bound", since=80.0, window=10,
            in_flight=3, binds=(BindStatus("transceiver", True, "bound", 80.0, 3),),
            counts=Counts(accepted=accepted, refused=refused, throttled=2, unknown=1, receipts=5, replies=1),
            now=100.0, rates=(0.7, 0.1), refusals=(Refusals(status(THROTTLED), refused),),
            events=(Noted(99.0, Kind.REFUSED, "<b>ESME_RTHROTTLED</b>", 2),),
        ),
        GatewaySettings("texts", "smsc.example", 2775, "me", "s3cret", messages_per_second=20), NOW,
    )  # fmt: skip


@pytest.mark.req("M1", "A1")
async def test_an_sms_gateway_tells_how_it_is(server: Server) -> None:
    await server.ok("POST", "/gateways", 201, json=SMS)
    problem = await server.refused("GET", "/gateways/texts/status", 409)
    assert "does not run in this process" in problem["detail"]
    server.texts["texts"] = told()
    found = await server.ok("GET", "/gateways/texts/status", role="viewer")
    assert (found["state"], found["since"]) == ("bound", "2026-05-04T12:00:10Z")
    assert found["binds"][0] | {"since": None} == {
        "type": "transceiver", "bound": True, "reason": "bound", "since": None, "in_flight": 3, "window": 10,
    }  # fmt: skip
    assert (found["rate_10s"], found["messages_per_second"]) == (0.7, 20.0)
    (error,) = found["errors"]
    assert (error["name"], error["kind"], error["count"]) == ("ESME_RTHROTTLED", "temporary", 2)
    assert found["events"][0]["times"] == 2
    assert "s3cret" not in str(found)
    await server.ok("POST", "/gateways", 201, json=VOICE)
    problem = await server.refused("GET", "/gateways/main-trunk/status", 409)
    assert "voice" in problem["detail"]
    await server.refused("GET", "/gateways/none/status", 404)


@pytest.mark.req("A4", "M3")
def test_metrics_have_the_texts_of_each_gateway_by_their_receipts() -> None:
    counts = reports.Counts({}, {"one": {"delivered": 3, "expired": 1}, "two": {"delivered": 2}}, {})
    metrics = Metrics()
    text = generate_latest(metrics.collect(counts, None, {})).decode()
    for line in (
        'dialer_sms_texts{gateway="one",status="delivered"} 3.0',
        'dialer_sms_texts{gateway="one",status="expired"} 1.0',
        'dialer_sms_texts{gateway="two",status="delivered"} 2.0',
        'dialer_messages{status="delivered"} 5.0',
    ):
        assert line in text
    after = generate_latest(metrics.collect(reports.Counts({}, {}, {}), None, {})).decode()
    assert "dialer_sms_texts{" not in after, "erased campaigns leave no series"


@pytest.mark.req("A4")
async def test_metrics_count_on_when_a_gateway_begins_again(server: Server) -> None:
    server.snapshot["gateways"] = [{"id": "texts", "kind": "sms", "state": "bound", "reason": ""}]
    for accepted, refused, sums in ((7, 2, (7, 2)), (9, 2, (9, 2)), (4, 1, (13, 3))):
        server.texts["texts"] = told(accepted, refused)
        text = await (await server.client.get("/metrics")).text()
        assert f'dialer_sms_segments_total{{gateway="texts",result="accepted"}} {sums[0]}.0' in text
        line = 'dialer_sms_refused_total{error="ESME_RTHROTTLED",gateway="texts",kind="temporary"}'
        assert f"{line} {sums[1]}.0" in text
    assert 'dialer_sms_incoming_total{gateway="texts",kind="receipts"} 5.0' in text
    assert 'dialer_sms_binds_bound{gateway="texts"} 1.0' in text
    assert 'dialer_sms_in_flight{gateway="texts"} 3.0' in text
