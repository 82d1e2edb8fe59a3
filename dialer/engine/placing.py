"""The call that is made for a request: what the step, its campaign, the gateway and the server's settings say of it."""

from config.settings import Settings
from dialer.ami.originate import OriginateCall
from dialer.domain.campaign import Campaign
from dialer.domain.gateway import VoiceGateway
from dialer.domain.rules.catalogue import ringing_s, waiting_s
from dialer.operations.attempts import Intent
from dialer.strategy.call_fields import Machines


def call_of(settings: Settings, intent: Intent, campaign: Campaign, gateway: VoiceGateway) -> OriginateCall:
    """Raises ValueError, naming the field, for what can't be said to Asterisk."""
    payload = intent.request.payload
    machines = payload.get("amd", Machines.OFF)  # requests from before the detection do not name it
    amd = settings.amd
    return OriginateCall(
        attempt_id=intent.attempt_id,
        number=intent.request.address,
        dial=gateway.dial,
        queue=intent.queue,
        ring_s=ringing_s(campaign.rules, int(payload["ring_s"])),
        queue_wait_s=waiting_s(campaign.rules, campaign.queue_wait_s or settings.calls.queue_wait_s),
        caller_id=campaign.caller_id or "",
        strip_plus=gateway.strip_plus,
        prefix=gateway.prefix,
        context=settings.ami.context,
        message=campaign.abandoned_message or "",
        amd="" if machines == Machines.OFF else amd.options(),
        amd_silence_ms=amd.after_greeting_silence_ms,
        machine_message=payload.get("machine_message") or "" if machines == Machines.LEAVE_MESSAGE else "",
        message_silence_ms=amd.message_silence_ms,
    )
