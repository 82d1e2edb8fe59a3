"""`dialer check`: is everything there that the server needs? Each finding says what is wrong and how to mend it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from dialer.ami.link import AmiLink
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain.agents import Agents
from dialer.domain.calls import MACHINE_EXTEN
from dialer.domain.campaign import Campaign
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.telephony import LiveState
from dialer.domain.transitions import CampaignStatus
from dialer.operations.context import strategy_of, utc_now
from dialer.operations.text_settings import gateway_settings
from dialer.store import campaigns, gateways, strategies
from dialer.store.database import Database
from dialer.store.migrate import pending
from dialer.strategy.model import needs
from sms.events import Bound, Closed
from sms.probe import probe

LINK_S = 8.0
CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; without a remedy all is well."""

    what: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "not ok" if self.remedy else "ok"
        return f"{mark:6}  {self.what}: {self.found}" + (f"\n        → {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the store says is used: gateways by name, and the queues of published campaigns."""

    voice: Mapping[str, VoiceGateway] = field(default_factory=dict)
    sms: Mapping[str, SmsGateway] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()
    detection: tuple[str, ...] = ()  # published campaigns whose strategies tell machines from people


async def run(settings: Settings, *, bind: bool = False) -> list[Finding]:
    """Everything that was looked at, in order. `bind`: to each SMSC, too, which may allow no bind beside a running server's."""
    db = Database(settings.database.url)
    try:
        finding, wanted = await _store(settings, db)
    finally:
        await db.close()
    look = _bound if bind else _smsc
    texts = [await look(name, gateway) for name, gateway in wanted.sms.items()]
    return [finding, *await _asterisk(settings, wanted), *texts]


async def _store(settings: Settings, db: Database) -> tuple[Finding, _Wanted]:
    where = settings.database.url.rpartition("@")[2]
    try:
        if await pending(db):
            return Finding("database", f"{where} is not up to date", "run `dialer migrate`"), _Wanted()
        wanted = await _wanted(db)
    except Exception as error:  # noqa: BLE001  (any driver's error is a finding)
        remedy = "check DIALER_DATABASE__URL, and that it can be reached"
        return Finding("database", f"{where}: {error}", remedy), _Wanted()
    return Finding("database", f"{where} is up to date"), wanted


async def _wanted(db: Database) -> _Wanted:
    async with db.read() as tx:
        voice = await gateways.all_of_kind(tx, "voice")
        sms = await gateways.all_of_kind(tx, "sms")
        published = await campaigns.all_with_status(tx, CampaignStatus.PUBLISHED)
        detection = [campaign.title for campaign in published if await _tells_machines(tx, campaign)]
    return _Wanted(
        {name: one for name, one in voice.items() if isinstance(one, VoiceGateway)},
        {name: one for name, one in sms.items() if isinstance(one, SmsGateway)},
        frozenset(campaign.queue for campaign in published if campaign.queue),
        tuple(detection),
    )


async def _tells_machines(tx: AsyncConnection, campaign: Campaign) -> bool:
    document = await strategies.get(tx, campaign.id, campaign.strategy_version or 0)
    return document is not None and bool(needs(strategy_of(document)).machine_detection)


async def _asterisk(settings: Settings, wanted: _Wanted) -> list[Finding]:
    ami, agents, settled, seen = settings.ami, Agents(), asyncio.Event(), list[bool | None]()

    async def on_resync(live: LiveState) -> None:
        agents.resync(live, utc_now())
        seen.append(live.detects_machines)

    def on_state(state: LinkState, _reason: str) -> None:
        if state in {LinkState.UP, LinkState.REFUSED, LinkState.DOWN}:
            settled.set()

    link = AmiLink(
        LinkSettings.of(settings.ami), Callbacks(lambda _event: None, on_resync, lambda _reason: None, on_state)
    )
    running = asyncio.create_task(link.run(), name="check-ami")
    with suppress(TimeoutError):
        await asyncio.wait_for(settled.wait(), LINK_S)
    state, reason = link.state, link.reason
    findings = []
    if state is LinkState.UP:
        findings = await _look_at(link, agents, settings, wanted, detects=seen[-1])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    where = f"{ami.host}:{ami.port}"
    if state is LinkState.UP:
        return [Finding("AMI", f"logged in at {where} as {ami.username}, rights are enough"), *findings]
    remedy = "check DIALER_AMI__HOST, DIALER_AMI__PORT and that manager.conf has enabled=yes"
    if state is LinkState.REFUSED:
        remedy = "check DIALER_AMI__USERNAME, DIALER_AMI__SECRET and the rights in asterisk/manager_dialer.conf"
    return [Finding("AMI", f"{where}: {reason or 'no answer'}", remedy)]


async def _look_at(
    link: AmiLink, agents: Agents, settings: Settings, wanted: _Wanted, *, detects: bool | None
) -> list[Finding]:
    trunks = [await _trunk(link, name, gateway) for name, gateway in wanted.voice.items()]
    detection = _detection(detects, wanted.detection)
    return [*_queues(agents, wanted.queues), await _dialplan(link, settings.ami.context), detection, *trunks]


def _detection(detects: bool | None, wanted: Sequence[str]) -> Finding:
    what = "machine detection"
    if detects is None:
        return Finding(what, "Asterisk does not say whether app_amd is loaded (func_module would)")
    if detects:
        return Finding(what, "app_amd is loaded")
    if not wanted:
        return Finding(what, "app_amd is not loaded, and no published campaign needs it")
    remedy = "run `module load app_amd.so` (it needs an amd.conf), or set `amd` to off in the strategy"
    return Finding(what, f"app_amd is not loaded, and {', '.join(wanted)} tells machines from people", remedy)


async def _dialplan(link: AmiLink, context: str) -> Finding:
    there = await link.extensions(context)
    if there is None:
        return Finding("dialplan", f"context {context}: not visible to this AMI user", "see asterisk/README.md")
    if there and not {MACHINE_EXTEN, "preview"} <= there:
        remedy = "include asterisk/extensions_dialer.conf of this version and run `dialplan reload`"
        return Finding("dialplan", f"context {context} is that of an earlier version", remedy)
    if there:
        return Finding("dialplan", f"context {context} is there")
    remedy = 'add #include "extensions_dialer.conf" to extensions.conf and run `dialplan reload`'
    return Finding("dialplan", f"there is no context {context}", remedy)


async def _trunk(link: AmiLink, name: str, gateway: VoiceGateway) -> Finding:
    what, device = f"voice gateway {name}", device_of(gateway.dial)
    state = await link.device_state(device) if device else None
    if device is None or state is None:
        return Finding(what, f"{gateway.dial} can't be looked at beforehand")
    if state == "INVALID":
        return Finding(
            what, f"Asterisk has no {device}", "define it in pjsip.conf, or correct the gateway's dial string"
        )
    if state == "UNAVAILABLE":
        return Finding(what, f"{device} can't be reached", "check its address and registration: `pjsip show endpoints`")
    return Finding(what, f"{device} is there")


def device_of(dial: str) -> str | None:
    """The device behind a dial string: `PJSIP/carrier` of `PJSIP/{number}@carrier`; None for a Local channel."""
    technology, _, rest = dial.partition("/")
    name = rest.partition("/")[0].rpartition("@")[2]
    return None if technology == "Local" or "{number}" in name else f"{technology}/{name}"


def _queues(agents: Agents, wanted: frozenset[str]) -> Iterable[Finding]:
    names = agents.queues()
    example = "define one in queues.conf, see asterisk/queues_dialer.conf.example"
    if not names:
        yield Finding("queues", "Asterisk reports none", example)
    for name in names:
        queue = agents.snapshot(name, utc_now())
        yield Finding(f"queue {name}", f"{len(queue.members)} agents, {queue.free} free")
    for name in sorted(wanted - set(names)):
        remedy = "define it in queues.conf, or choose another queue in the campaign"
        yield Finding(f"queue {name}", "a published campaign uses it, and Asterisk does not report it", remedy)


async def _bound(name: str, gateway: SmsGateway) -> Finding:
    what, where = f"SMS gateway {name}", f"{gateway.host}:{gateway.port}"
    try:
        answer = await probe(gateway_settings(name, gateway), CONNECT_S)
    except (OSError, TimeoutError) as error:
        return _unreached(what, where, error)
    if isinstance(answer, Bound):
        return Finding(what, f"{where} lets {gateway.system_id} bind")
    if isinstance(answer, Closed):
        return Finding(what, f"{where}: {answer.reason}", "ask the provider whether this machine's address is let in")
    remedy = "check system id, password, system type and kind of bind"
    if not answer.hopeless:
        remedy = "a server that runs may hold the account's only bind: stop it, or check without --bind"
    return Finding(what, f"{where} refuses the bind: {answer.status.name}, {answer.status.meaning}", remedy)


async def _smsc(name: str, gateway: SmsGateway) -> Finding:
    what, where = f"SMS gateway {name}", f"{gateway.host}:{gateway.port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(gateway.host, gateway.port)
        writer.close()
    except (OSError, TimeoutError) as error:
        return _unreached(what, where, error)
    return Finding(what, f"{where} can be reached")


def _unreached(what: str, where: str, error: Exception) -> Finding:
    remedy = "check host, port and TLS, and that the SMSC lets this machine in"
    return Finding(what, f"{where}: {str(error) or 'no answer'}", remedy)
