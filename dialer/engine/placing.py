"""The call that is made for a request: what the step, its campaign, the gateway and the server's settings say of it."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from config.settings import Settings
from dialer.ami.originate import OriginateCall
from dialer.domain.campaign import Campaign, DialingMode
from dialer.domain.gateway import VoiceGateway
from dialer.domain.rules.catalogue import ringing_s, waiting_s
from dialer.operations.attempts import Intent
from dialer.store.requests import ContactRequest
from dialer.strategy.call_fields import Machines

# A store that took longer to commit was locked or full: the agent whom the call was for may be gone by now.
LATE_S = 2.0


def _now() -> float:
    return time.monotonic()  # looked up at each call: a test has a clock of its own


@dataclass(slots=True)
class Plan:
    """A call that was decided on, at `decided_at` (time.monotonic())."""

    intent: Intent
    call: OriginateCall
    begun: datetime  # when its commit began, or it was decided on
    decided_at: float = field(default_factory=_now)

    @property
    def is_late(self) -> bool:
        return _now() - self.decided_at > LATE_S


def way_of(campaign: Campaign, request: ContactRequest) -> tuple[str, str]:
    """The gateway by which a call leaves and the queue that it comes to: the step's own, else the campaign's."""
    payload = request.payload
    return payload.get("gateway") or campaign.voice_gateway or "", payload.get("queue") or campaign.queue or ""


def call_of(settings: Settings, intent: Intent, campaign: Campaign, gateway: VoiceGateway) -> OriginateCall:
    """Raises ValueError, naming the field, for what can't be said to Asterisk."""
    payload = intent.request.payload
    # Requests from before the detection do not name it; an agent who accepted the call hears for itself.
    machines = Machines.OFF if intent.agent else payload.get("amd", Machines.OFF)
    amd = settings.amd
    return OriginateCall(
        attempt_id=intent.attempt_id,
        number=intent.request.address,
        dial=gateway.dial,
        queue=intent.queue,
        ring_s=ringing_s(campaign.rules, int(payload["ring_s"])),
        queue_wait_s=_queue_wait_s(settings, campaign),
        caller_id=campaign.caller_id or "",
        strip_plus=gateway.strip_plus,
        prefix=gateway.prefix,
        context=settings.ami.context,
        message=campaign.abandoned_message or "",
        amd="" if machines == Machines.OFF else amd.options(),
        amd_silence_ms=amd.after_greeting_silence_ms,
        machine_message=payload.get("machine_message") or "" if machines == Machines.LEAVE_MESSAGE else "",
        message_silence_ms=amd.message_silence_ms,
        to_agent=bool(intent.agent),
    )


def _queue_wait_s(settings: Settings, campaign: Campaign) -> int:
    chosen, power = campaign.queue_wait_s or settings.calls.queue_wait_s, DialingMode.POWER in campaign.dialing_modes
    return waiting_s(campaign.rules, chosen, power=power)
