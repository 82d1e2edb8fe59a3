"""Warnings about a strategy that only its campaign can tell (S2)."""

from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.windows import Validity
from dialer.operations import campaigns, strategies
from dialer.store import gateways
from tests.support import builders
from tests.support.context import MONDAY, Bench


def _document(text: str, **window: Any) -> dict[str, Any]:
    return builders.strategy(
        {"id": "text", "type": "sms", "fields": {"text": text}, "out": {"otherwise": "window"}},
        {"id": "window", "type": "time-window", "fields": {"from": "09:00", "to": "17:00", **window}, "out": {"open": "end"}},
        {"id": "end", "type": "end", "fields": {}},
    )  # fmt: skip


async def _warned(bench: Bench, campaign_id: int, document: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = await strategies.check_document(bench.ctx, campaign_id, document)
    assert found.faults == ()
    return [(one.node, one.field, one.reason) for one in found.warnings]


@pytest.mark.req("S2")
async def test_a_placeholder_that_no_contact_fills(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    document = _document("Hi {{first_name}} of {{city}}, {{plan|our}} offer")
    assert await _warned(bench, campaign_id, document) == [], "without contacts nobody can say"
    await builders.load(bench, campaign_id, builders.persons(2))
    (warning,) = await _warned(bench, campaign_id, document)
    assert warning[:2] == ("text", "text")
    assert "city" in warning[2]
    await builders.load(bench, campaign_id, [builders.person(7, attributes={"city": "Bonn"})])
    assert await _warned(bench, campaign_id, document) == []


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("text", "segments"),
    [("x" * 160, None), ("x" * 161, "2 segments;"), ("ą" * 71, "2 segments, as"), ("x" * 150 + "{{city|a}}", None)],
)
async def test_a_text_of_several_segments(bench: Bench, text: str, segments: str | None) -> None:
    campaign_id = await builders.add_campaign(bench)
    told = [reason for _, field, reason in await _warned(bench, campaign_id, _document(text)) if field == "text"]
    assert [segments in reason for reason in told if segments] == ([True] if segments else [])
    assert bool(told) is bool(segments)


@pytest.mark.req("S2", "M2")
async def test_the_price_and_near_characters_of_the_gateway(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    priced = builders.SMS.model_copy(update={"segment_price": 0.07, "currency": "EUR", "transliterate": True})
    async with bench.ctx.db.write() as tx:
        await gateways.edit(tx, "texter", priced, bench.clock())
    told = [reason for _, field, reason in await _warned(bench, campaign_id, _document("It’s" + "x" * 160))]
    assert told == [f"goes out with near characters: It's{'x' * 160}", "goes out as 2 segments; 0.14 EUR a contact"]
    told = [reason for _, _, reason in await _warned(bench, campaign_id, _document("Hello"))]
    assert told == ["goes out as 1 segment; 0.07 EUR a contact"], "with a price each text says what it costs"


@pytest.mark.req("S2")
async def test_a_window_that_does_not_open_in_time(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    document = _document("Hi", days="sat")
    assert await _warned(bench, campaign_id, document) == []
    await campaigns.edit(bench.ctx, campaign_id, {"validity": Validity(None, MONDAY + timedelta(days=3))})
    told = [warning[:2] for warning in await _warned(bench, campaign_id, document)]
    assert told == [("window", "from")]
    await campaigns.edit(bench.ctx, campaign_id, {"validity": Validity(None, MONDAY + timedelta(days=6))})
    assert await _warned(bench, campaign_id, document) == []


@pytest.mark.req("D7", "S2")
async def test_a_call_that_the_rule_pack_lets_ring_longer(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, rule_pack="uk")
    short, long = (
        builders.strategy({"id": "call", "type": "call", "fields": {"ring_s": ring_s}}) for ring_s in (10, 15)
    )
    told = "its calls ring 15 s: the rule pack uk of the campaign allows no less"
    assert await _warned(bench, campaign_id, short) == [("call", "ring_s", told)]
    assert await _warned(bench, campaign_id, long) == []
