"""The check of an installation, for the command and for the page: the store, Asterisk, and the SMS gateways."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from config.effective import without_password
from config.settings import Ami, Settings
from dialer.ami.link import AmiLink
from dialer.ami.states import LinkState
from dialer.domain import checkup
from dialer.domain.agents import Agents
from dialer.domain.campaign import Campaign
from dialer.domain.checkup import Finding
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.said import Said
from dialer.domain.transitions import CampaignStatus
from dialer.operations.context import strategy_of, utc_now
from dialer.operations.text_settings import gateway_settings
from dialer.store import campaigns, gateways, strategies
from dialer.store.database import Database
from dialer.store.migrate import cause, pending
from dialer.strategy.model import needs
from sms.events import Bound, Closed
from sms.probe import probe

CONNECT_S = 5.0


class Asterisk(Protocol):
    """What is looked at: the server's own link, or one that was made for the check."""

    @property
    def link(self) -> AmiLink: ...
    @property
    def agents(self) -> Agents: ...
    def detects_machines(self) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the store says is used: gateways by name, and the queues of published campaigns."""

    voice: Mapping[str, VoiceGateway] = field(default_factory=dict)
    sms: Mapping[str, SmsGateway] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()
    detection: tuple[str, ...] = ()  # published campaigns whose strategies tell machines from people


Texts = Callable[[str], Mapping[str, Any] | None]  # what a running SMS gateway tells about itself


async def of_server(settings: Settings, db: Database, live: Asterisk | None, texts: Texts) -> list[Finding]:
    """In the server: over the links it has; nothing logs in or binds a second time."""
    finding, wanted = await store(settings, db)
    asterisk = [Finding("AMI", "no engine runs in this process", "start the server with `dialer serve`")]
    if live is not None:
        asterisk = await of_asterisk(settings.ami, live, wanted)
    gates = await asyncio.gather(*(_running(name, one, texts(name)) for name, one in wanted.sms.items()))
    http = settings.http
    return [finding, *asterisk, *gates, checkup.pages(http.host, secure_cookies=http.secure_cookies)]


# -- the store ----------------------------------------------------------------------------------------------------------


async def store(settings: Settings, db: Database) -> tuple[Finding, Wanted]:
    where = without_password(settings.database.url)
    try:
        if await pending(db):
            return Finding(
                "database", Said("%(where)s is not up to date", where=where), "run `dialer migrate`"
            ), Wanted()
        wanted = await _wanted(db)
    except Exception as error:  # noqa: BLE001  (any driver's error is a finding)
        remedy = Said("check DIALER_DATABASE__URL, and that it can be reached")
        told = cause(error).replace(settings.database.url, where)
        return Finding("database", Said("%(where)s: %(told)s", where=where, told=told), remedy), Wanted()
    return Finding("database", Said("%(where)s is up to date", where=where)), wanted


async def _wanted(db: Database) -> Wanted:
    async with db.read() as tx:
        voice = await gateways.all_of_kind(tx, "voice")
        sms = await gateways.all_of_kind(tx, "sms")
        published = await campaigns.all_with_status(tx, CampaignStatus.PUBLISHED)
        detection = [campaign.title for campaign in published if await _tells_machines(tx, campaign)]
    return Wanted(
        {name: one for name, one in voice.items() if isinstance(one, VoiceGateway)},
        {name: one for name, one in sms.items() if isinstance(one, SmsGateway)},
        frozenset(campaign.queue for campaign in published if campaign.queue),
        tuple(detection),
    )


async def _tells_machines(tx: AsyncConnection, campaign: Campaign) -> bool:
    document = await strategies.get(tx, campaign.id, campaign.strategy_version or 0)
    return document is not None and bool(needs(strategy_of(document)).machine_detection)


# -- Asterisk -----------------------------------------------------------------------------------------------------------


async def of_asterisk(ami: Ami, live: Asterisk, wanted: Wanted) -> list[Finding]:
    link, where = live.link, f"{ami.host}:{ami.port}"
    if link.state is LinkState.UP:
        there = Finding(
            "AMI", Said("logged in at %(where)s as %(username)s, rights are enough", where=where, username=ami.username)
        )
        return [there, *await _look_at(ami, live, wanted)]
    remedy = Said("check DIALER_AMI__HOST, DIALER_AMI__PORT and that manager.conf has enabled=yes")
    if link.state is LinkState.REFUSED:
        remedy = Said("check DIALER_AMI__USERNAME, DIALER_AMI__SECRET and the rights in asterisk/manager_dialer.conf")
    return [Finding("AMI", Said("%(where)s: %(why)s", where=where, why=link.reason or Said("no answer")), remedy)]


async def _look_at(ami: Ami, live: Asterisk, wanted: Wanted) -> list[Finding]:
    now = utc_now()
    reported = {name: live.agents.snapshot(name, now) for name in live.agents.queues()}
    trunks = [await _trunk(live.link, name, gateway) for name, gateway in wanted.voice.items()]
    plan = checkup.dialplan(ami.context, await live.link.extensions(ami.context))
    detection = checkup.detection(live.detects_machines(), wanted.detection)
    return [*checkup.queues(reported, wanted.queues), plan, detection, *trunks]


async def _trunk(link: AmiLink, name: str, gateway: VoiceGateway) -> Finding:
    device = checkup.device_of(gateway.dial)
    return checkup.trunk(name, gateway.dial, device, await link.device_state(device) if device else None)


# -- SMS gateways -------------------------------------------------------------------------------------------------------


async def _running(name: str, gateway: SmsGateway, status: Mapping[str, Any] | None) -> Finding:
    """A gateway whose links this process holds; one that it does not hold is only called at."""
    what, where = Said("SMS gateway %(name)s", name=name), f"{gateway.host}:{gateway.port}"
    if status is None:
        return await reached(name, gateway)
    if status["state"] == "bound":
        return Finding(what, Said("bound at %(where)s as %(system_id)s", where=where, system_id=gateway.system_id))
    remedy = Said("check host, port, system id and password; the gateway's page has what the SMSC answered")
    return Finding(
        what,
        Said(
            "%(where)s is %(state)s: %(why)s",
            where=where,
            state=Said(status["state"]),
            why=status["reason"] or Said("no reason given"),
        ),
        remedy,
    )


async def bound(name: str, gateway: SmsGateway) -> Finding:
    """By a bind of its own, which leaves again."""
    what, where = Said("SMS gateway %(name)s", name=name), f"{gateway.host}:{gateway.port}"
    try:
        answer = await probe(gateway_settings(name, gateway), CONNECT_S)
    except (OSError, TimeoutError) as error:
        return _unreached(what, where, error)
    if isinstance(answer, Bound):
        return Finding(what, Said("%(where)s lets %(system_id)s bind", where=where, system_id=gateway.system_id))
    if isinstance(answer, Closed):
        return Finding(
            what,
            Said("%(where)s: %(reason)s", where=where, reason=answer.reason),
            "ask the provider whether this machine's address is let in",
        )
    remedy = Said("check system id, password, system type and kind of bind")
    if not answer.hopeless:
        remedy = Said("a server that runs may hold the account's only bind: stop it, or check without --bind")
    return Finding(
        what,
        Said(
            "%(where)s refuses the bind: %(name)s, %(meaning)s",
            where=where,
            name=answer.status.name,
            meaning=answer.status.meaning,
        ),
        remedy,
    )


async def reached(name: str, gateway: SmsGateway) -> Finding:
    """By a connection only."""
    what, where = Said("SMS gateway %(name)s", name=name), f"{gateway.host}:{gateway.port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(gateway.host, gateway.port)
        writer.close()
    except (OSError, TimeoutError) as error:
        return _unreached(what, where, error)
    return Finding(what, Said("%(where)s can be reached", where=where))


def _unreached(what: str, where: str, error: Exception) -> Finding:
    remedy = Said("check host, port and TLS, and that the SMSC lets this machine in")
    return Finding(what, Said("%(where)s: %(why)s", where=where, why=str(error) or Said("no answer")), remedy)
