"""The last look at a call before it is made (protocol step 3): what stands against it at this moment, in order.

The dialer asks for the first, the answer to "why not?" (`eligibility`) names all of them.
"""

from collections.abc import Iterator
from enum import StrEnum

from dialer.domain.gateway import VoiceGateway, allows
from dialer.domain.record import record
from dialer.pacing.caps import Cap
from dialer.pacing.limits import Room
from dialer.pacing.progressive import PacingDecision


class Against(StrEnum):
    """What stands against one call; those that are `final` will not pass by waiting."""

    NO_GATEWAY = "voice-gateway-missing"
    PREFIX = "prefix-not-allowed"
    BREAKER = "gateway-breaker-open"
    DAILY_CAP = "gateway-daily-cap"
    GATEWAY_LIMIT = "gateway-limit"
    IN_ANOTHER_CALL = "number-in-another-call"
    CLOSED = "window-closed"
    NO_AGENT = "no-agent-free"  # in the queue that the step names itself

    @property
    def final(self) -> bool:
        """The call can't be made at all: the strategy goes on as for an invalid number."""
        return self in {Against.NO_GATEWAY, Against.PREFIX}

    @property
    def of_gateway(self) -> bool:
        """It holds for whatever goes by the gateway: the call keeps its place in the line."""
        return self in {Against.DAILY_CAP, Against.BREAKER, Against.GATEWAY_LIMIT}


@record
class CallFacts:
    """One call at the moment when it would start.

    `breaker_lets` so many calls by the gateway; None: any number. `cap` is the gateway's daily cap that is reached, if any.

    `gateway` is None if there is none of that name. `queue` is what was decided for the step's own queue; None if it is the
    campaign's, which was decided on for all its calls.
    """

    number: str
    gateway: VoiceGateway | None
    gateway_room: Room
    is_calling: bool
    is_open: bool
    queue: PacingDecision | None = None
    breaker_lets: int | None = None
    cap: Cap | None = None


def against(call: CallFacts) -> Iterator[Against]:
    """Nothing: it may start."""
    if call.gateway is None:
        yield Against.NO_GATEWAY
    elif not allows(call.gateway, call.number):
        yield Against.PREFIX
    if call.cap is not None:
        yield Against.DAILY_CAP
    if call.breaker_lets is not None and call.breaker_lets <= 0:
        yield Against.BREAKER
    if call.gateway_room.calls <= 0:
        yield Against.GATEWAY_LIMIT
    if call.is_calling:
        yield Against.IN_ANOTHER_CALL
    if not call.is_open:
        yield Against.CLOSED
    if call.queue is not None and call.queue.originate <= 0:
        yield Against.NO_AGENT


# Texts of a campaign that has no gateway of its own, so that each step names one.
ROOM_WITHOUT_GATEWAY = 10


def text_room(window: int | None, busy: int, *, bound: bool) -> int:
    """How many more texts of a campaign may be begun: its gateway's window, nothing while that is not bound.

    `window` is None for a campaign without a gateway of its own; `busy` of its texts are under way.
    """
    if window is None:
        return ROOM_WITHOUT_GATEWAY - busy
    return window - busy if bound else -busy
