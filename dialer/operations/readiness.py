"""Whether a campaign can run: everything it still misses, at once (C5). Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from dialer.domain.campaign import LONGEST_WAIT_S, UNAVAILABLE_MODES, Campaign, DialingMode, automatic, offers
from dialer.domain.errors import Fault, shown
from dialer.domain.rules.catalogue import waiting_s
from dialer.domain.rules.hours import rule_windows
from dialer.domain.said import Said
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
        faults += _gateway_faults("voice_gateway", campaign.voice_gateway, "voice", Said("makes calls"), gateways)
    if wanted.sms_gateway:
        faults += _gateway_faults("sms_gateway", campaign.sms_gateway, "sms", Said("sends texts"), gateways)
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


NO_AMD = Said("Asterisk can't tell machines from people: load app_amd, with its amd.conf, or set this to off")


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
        yield Fault(
            "abandonment_limit_percent",
            "%(own)s %% is above the %(most)s %% of the %(citation)s, which holds",
            own=format(own, "g"),
            most=format(most, "g"),
            citation=str(found[0]),
        )


def _never_open(campaign: Campaign, now: datetime) -> Iterator[Fault]:
    zone, times = campaign.time_zone, campaign.rules.times
    own = (campaign.execution, zone)
    if times and next_all_open([own, *rule_windows(times, [zone])], now) is None:
        yield Fault(
            "execution.start",
            "the execution time is never within the hours of the rule pack %(pack)s, so nobody will be called (%(zone)s)",
            pack=campaign.rule_pack,
            zone=zone,
        )


def _ring_longer(campaign: Campaign, strategy: Strategy) -> Iterator[Fault]:
    found = campaign.rules.strictest_ring()
    if found is None:
        return
    citation, least_s = found
    for node in strategy.nodes:
        if isinstance(node.fields, CallFields) and node.fields.ring_s < least_s:
            yield Fault(
                "rule_pack",
                "the step %(step)s rings %(ring_s)s s; its calls ring %(least_s)s s, by %(citation)s",
                step=node.name or node.id,
                ring_s=node.fields.ring_s,
                least_s=least_s,
                citation=str(citation),
            )


def _waits(campaign: Campaign) -> Iterator[Fault]:
    found = campaign.rules.agent()
    if found is None:
        return
    citation, rule = found
    most_s = waiting_s(campaign.rules, campaign.queue_wait_s or LONGEST_WAIT_S, power=False)
    if campaign.queue_wait_s and campaign.queue_wait_s > most_s:
        yield Fault(
            "queue_wait_s", "people wait %(most_s)s s at most, by %(citation)s", most_s=most_s, citation=str(citation)
        )
    if rule.message and not campaign.abandoned_message:
        yield Fault(
            "abandoned_message",
            "%(citation)s asks for a message; without a file of its own Asterisk must have one in DIALER_ABANDONED_MESSAGE",
            citation=str(citation),
        )


def queue_faults(name: str | None, queues: Collection[str] | None) -> list[Fault]:
    if name is None:
        return [Fault("queue", "the strategy makes calls, so the campaign needs a queue: choose one")]
    if queues is not None and name not in queues:
        reported = ", ".join(sorted(queues)) or Said("none")
        return [
            Fault(
                "queue", "Asterisk has no queue %(name)s; it reports: %(reported)s", name=shown(name), reported=reported
            )
        ]
    return []


_WORKING = tuple(mode.value for mode in DialingMode if mode not in UNAVAILABLE_MODES)


def mode_faults(modes: Collection[str]) -> list[Fault]:
    """Modes that don't exist or don't work yet (C2)."""
    faults = []
    for mode in modes:
        if mode in UNAVAILABLE_MODES:
            faults.append(Fault("dialing_modes", UNAVAILABLE_MODES[mode]))
        elif mode not in _WORKING:
            faults.append(
                Fault(
                    "dialing_modes",
                    "%(mode)s is not a dialing mode: take %(working)s",
                    mode=shown(mode),
                    working=" or ".join(_WORKING),
                )
            )
    return faults


_KINDS = {"voice": Said("voice"), "sms": Said("SMS")}
_NEEDED = {"voice": Said("a voice"), "sms": Said("an SMS")}


def fallback_faults(names: Sequence[str], first: str | None, kinds: Mapping[str, str]) -> list[Fault]:
    """Each SMS gateway that stands in for another exists, and is named once."""
    found = [gateway_fault("sms_fallbacks", name, "sms", kinds) for name in names]
    faults = [fault for fault in found if fault]
    twice = sorted({name for name in names if [first, *names].count(name) > 1})
    return [*faults, *(Fault("sms_fallbacks", "names %(name)s twice: it is tried once", name=name) for name in twice)]


def gateway_fault(field: str, name: str, kind: str, gateways: Mapping[str, str]) -> Fault | None:
    if gateways.get(name) == kind:
        return None
    known = ", ".join(sorted(one for one, its_kind in gateways.items() if its_kind == kind)) or Said("none yet")
    return Fault(
        field,
        "there is no %(kinds)s gateway %(name)s; there are: %(known)s",
        kinds=_KINDS[kind],
        name=shown(name),
        known=known,
    )


def _gateway_faults(field: str, name: str | None, kind: str, does: str, gateways: Mapping[str, str]) -> list[Fault]:
    if name is None:
        return [
            Fault(
                field,
                "the strategy %(does)s, so the campaign needs %(needed)s gateway: choose one",
                does=does,
                needed=_NEEDED[kind],
            )
        ]
    fault = gateway_fault(field, name, kind, gateways)
    return [fault] if fault else []
