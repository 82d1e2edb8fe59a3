"""The strategy of a campaign as readable text (YAML), for review in git."""

import asyncio
from dataclasses import replace

from dialer.operations import advising, deploying, strategies
from dialer.operations.context import Context
from dialer.operations.deploying import Drawn, sound
from dialer.strategy.check import Checked, check
from dialer.strategy.known import Known
from dialer.strategy.nodered.drawing import Flow
from dialer.strategy.text.read import Text, from_text
from dialer.strategy.text.write import to_text


async def read(ctx: Context, campaign_id: int) -> tuple[str, str]:
    """The text, and the revision for `deploy`."""
    stored = await strategies.current(ctx, campaign_id)
    text = await asyncio.to_thread(to_text, sound(check(stored.document)), stored.drawing)
    return text, stored.rev


async def check_text(ctx: Context, campaign_id: int, text: str) -> Checked:
    """Faults and warnings, each with its node; nothing is saved. A text without a drawing may unfold the one that is there."""
    written = await _read(text)
    found = await advising.checked(ctx, campaign_id, written.check)
    if written.drawn is not None:
        return found
    return replace(found, warnings=(*found.warnings, *await strategies.unfolds(ctx, campaign_id, found.strategy)))


async def deploy(ctx: Context, campaign_id: int, text: str, rev: str | None = None, by: str | None = None) -> str:
    """Deploy the strategy in a text; the revision that is there now. A text without a drawing keeps what was drawn.

    Raises `BadStrategy` (an `InvalidInput`) with every fault at its node, and what `deploying.put` raises.
    """
    written = await _read(text)

    def understand(known: Known, before: Flow | None) -> Drawn:
        strategy = sound(written.check(known))
        return Drawn(strategy, written.drawing(strategy, before))

    return (await deploying.put(ctx, campaign_id, understand, rev=rev, by=by)).rev


async def _read(text: str) -> Text:
    """A large one takes its time, during which calls go on."""
    return await asyncio.to_thread(from_text, text)
