"""Whether a campaign can run: everything it still misses, at once (C5). Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from dialer.domain.campaign import LONGEST_WAIT_S, UNAVAILABLE_MODES, Campaign, DialingMode, automatic, offers
from dialer.domain.errors import Fault, shown
from dialer.domain.rules.catalogue import waiting_s
from dialer.domain.rules.hours import rule_windows
from dialer.domain.windows import ValidityState, next_all_open, validity_state
from dialer.strategy.call_fields import CallFields
from dialer.strategy.catalogue import CALL
from dialer.strategy.model import Strategy, needs


def missing(
    campaign: Campaign,
    strategy: Strategy,
    queues: Collection[str] | None,
    gateways: Mapping[str, str],
    now: datetime,
    *,
    detects_machines: bool | None = None,
) -> tuple[Fault, ...]:
    """`queues` are the names that Asterisk reports, None while it can't be asked; `gateways` maps id to kind.

    `detects_machines`: whether Asterisk can, None while it can't be asked.
    """
    wanted = needs(strategy)
    faults: list[Fault] = []
    if wanted.queue:
        faults += queue_faults(campaign.queue, queues)
    if wanted.voice_gateway:
        faults += _gateway_faults("voice_gateway", campaign.voice_gateway, "voice", "makes calls", gateways)
    if wanted.sms_gateway:
        faults += _gateway_faults("sms_gateway", campaign.sms_gateway, "sms", "sends texts", gateways)
    if any(node.type == CALL.name for node in strategy.nodes) and not (automatic(campaign) or offers(campaign)):
        faults.append(
            Fault(
                "dialing_modes",
                "the strategy makes calls, so a dialing mode is needed: tick progressive, power or preview",
            )
        )
    if detects_machines is False:
        faults += [Fault(f"nodes.{node_id}.amd", NO_AMD) for node_id in wanted.machine_detection]
    if validity_state(campaign.validity, now) is ValidityState.AFTER:
        faults.append(Fault("validity.until", "the validity period is over: move its end, or remove it"))
    return tuple(faults)


NO_AMD = "Asterisk can't tell machines from people: load app_amd, with its amd.conf, or set this to off"


def warnings(campaign: Campaign, strategy: Strategy, now: datetime) -> tuple[Fault, ...]:
    """What a campaign's rule pack makes of its settings: hours that never meet, calls that ring longer than their step says.

    And how many may be abandoned, how long people wait for an agent, and what they are to hear then.
    """
    return (
        *_never_open(campaign, now),
        *_ring_longer(campaign, strategy),
        *_lower_limit(campaign),
        *_waits(campaign),
    )


def _lower_limit(campaign: Campaign) -> Iterator[Fault]:
    own, most, found = campaign.abandonment_limit_percent, campaign.most_abandoned_percent, campaign.rules.abandonment()
    if found is not None and most < own:
        reason = f"{own:g} % is above the {most:g} % of the {found[0]}, which holds"
        yield Fault("abandonment_limit_percent", reason)


def _never_open(campaign: Campaign, now: datetime) -> Iterator[Fault]:
    zone, times = campaign.time_zone, campaign.rules.times
    own = (campaign.execution, zone)
    if times and next_all_open([own, *rule_windows(times, [zone])], now) is None:
        reason = f"the execution time is never within the hours of the rule pack {campaign.rule_pack}, so nobody will be called"
        yield Fault("execution.start", f"{reason} ({zone})")


def _ring_longer(campaign: Campaign, strategy: Strategy) -> Iterator[Fault]:
    found = campaign.rules.strictest_ring()
    if found is None:
        return
    citation, least_s = found
    for node in strategy.nodes:
        if isinstance(node.fields, CallFields) and node.fields.ring_s < least_s:
            told = f"the step {node.name or node.id} rings {node.fields.ring_s} s; its calls ring {least_s} s, by {citation}"
            yield Fault("rule_pack", told)


def _waits(campaign: Campaign) -> Iterator[Fault]:
    found = campaign.rules.agent()
    if found is None:
        return
    citation, rule = found
    most_s = waiting_s(campaign.rules, campaign.queue_wait_s or LONGEST_WAIT_S, power=False)
    if campaign.queue_wait_s and campaign.queue_wait_s > most_s:
        yield Fault("queue_wait_s", f"people wait {most_s} s at most, by {citation}")
    if rule.message and not campaign.abandoned_message:
        told = f"{citation} asks for a message; without a file of its own Asterisk must have one in DIALER_ABANDONED_MESSAGE"
        yield Fault("abandoned_message", told)


def queue_faults(name: str | None, queues: Collection[str] | None) -> list[Fault]:
    if name is None:
        return [Fault("queue", "the strategy makes calls, so the campaign needs a queue: choose one")]
    if queues is not None and name not in queues:
        reported = ", ".join(sorted(queues)) or "none"
        return [Fault("queue", f"Asterisk has no queue {shown(name)}; it reports: {reported}")]
    return []


_WORKING = tuple(mode.value for mode in DialingMode if mode not in UNAVAILABLE_MODES)


def mode_faults(modes: Collection[str]) -> list[Fault]:
    """Modes that don't exist or don't work yet (C2)."""
    faults = []
    for mode in modes:
        if mode in UNAVAILABLE_MODES:
            faults.append(Fault("dialing_modes", UNAVAILABLE_MODES[mode]))
        elif mode not in _WORKING:
            faults.append(Fault("dialing_modes", f"{shown(mode)} is not a dialing mode: take {' or '.join(_WORKING)}"))
    return faults


_KINDS = {"voice": "voice", "sms": "SMS"}
_NEEDED = {"voice": "a voice", "sms": "an SMS"}


def fallback_faults(names: Sequence[str], first: str | None, kinds: Mapping[str, str]) -> list[Fault]:
    """Each SMS gateway that stands in for another exists, and is named once."""
    found = [gateway_fault("sms_fallbacks", name, "sms", kinds) for name in names]
    faults = [fault for fault in found if fault]
    twice = sorted({name for name in names if [first, *names].count(name) > 1})
    return [*faults, *(Fault("sms_fallbacks", f"names {name} twice: it is tried once") for name in twice)]


def gateway_fault(field: str, name: str, kind: str, gateways: Mapping[str, str]) -> Fault | None:
    if gateways.get(name) == kind:
        return None
    known = ", ".join(sorted(one for one, its_kind in gateways.items() if its_kind == kind)) or "none yet"
    return Fault(field, f"there is no {_KINDS[kind]} gateway {shown(name)}; there are: {known}")


def _gateway_faults(field: str, name: str | None, kind: str, does: str, gateways: Mapping[str, str]) -> list[Fault]:
    if name is None:
        return [Fault(field, f"the strategy {does}, so the campaign needs {_NEEDED[kind]} gateway: choose one")]
    fault = gateway_fault(field, name, kind, gateways)
    return [fault] if fault else []
