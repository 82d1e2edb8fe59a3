"""`dialer check`: is everything there that the server needs? Each finding says what is wrong and how to mend it."""

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from config.settings import Settings
from dialer.ami.link import AmiLink
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain.agents import Agents
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.telephony import LiveState
from dialer.operations.context import utc_now
from dialer.store import gateways
from dialer.store.database import Database
from dialer.store.migrate import pending

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


async def run(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in order."""
    db = Database(settings.database.url)
    try:
        findings, voice, sms = await _store(settings, db)
    finally:
        await db.close()
    return [*findings, *await _asterisk(settings, voice), *[await _smsc(name, one) for name, one in sms.items()]]


async def _store(
    settings: Settings, db: Database
) -> tuple[list[Finding], dict[str, VoiceGateway], dict[str, SmsGateway]]:
    where = settings.database.url.rpartition("@")[2]
    try:
        if await pending(db):
            return [Finding("database", f"{where} is not up to date", "run `dialer migrate`")], {}, {}
        async with db.read() as tx:
            voice = await gateways.all_of_kind(tx, "voice")
            sms = await gateways.all_of_kind(tx, "sms")
    except Exception as error:  # noqa: BLE001  (any driver's error is a finding)
        return (
            [Finding("database", f"{where}: {error}", "check DIALER_DATABASE__URL, and that it can be reached")],
            {},
            {},
        )
    return (
        [Finding("database", f"{where} is up to date")],
        {name: one for name, one in voice.items() if isinstance(one, VoiceGateway)},
        {name: one for name, one in sms.items() if isinstance(one, SmsGateway)},
    )


async def _asterisk(settings: Settings, voice: dict[str, VoiceGateway]) -> list[Finding]:
    ami, agents, up = settings.ami, Agents(), asyncio.Event()
    told: list[str] = []

    async def on_resync(live: LiveState) -> None:
        agents.resync(live, utc_now())

    def on_state(state: LinkState, reason: str) -> None:
        told.append(f"{state}: {reason}" if reason else str(state))
        if state in {LinkState.UP, LinkState.REFUSED}:
            up.set()

    link = AmiLink(
        LinkSettings(
            ami.host, ami.port, ami.username, ami.secret.get_secret_value(),
            tls=ssl.create_default_context() if ami.tls else None,
        ),
        Callbacks(lambda _event: None, on_resync, lambda _reason: None, on_state),
    )  # fmt: skip
    running = asyncio.create_task(link.run(), name="check-ami")
    try:
        await asyncio.wait_for(up.wait(), LINK_S)
    except TimeoutError:
        pass
    state, reason = link.state, link.reason
    findings = await _look_at(link, agents, settings, voice) if state is LinkState.UP else []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    where = f"{ami.host}:{ami.port}"
    if state is LinkState.UP:
        return [Finding("AMI", f"logged in at {where} as {ami.username}, rights are enough"), *findings]
    remedy = "check DIALER_AMI__HOST, DIALER_AMI__PORT and that manager.conf has enabled=yes"
    if state is LinkState.REFUSED:
        remedy = "check DIALER_AMI__USERNAME, DIALER_AMI__SECRET and the rights in asterisk/manager_dialer.conf"
    return [Finding("AMI", f"{where}: {reason or (told[-1] if told else 'no answer')}", remedy)]


async def _look_at(link: AmiLink, agents: Agents, settings: Settings, voice: dict[str, VoiceGateway]) -> list[Finding]:
    findings = list(_queues(agents))
    context = settings.ami.context
    answer = await link.has_context(context)
    if answer is None:
        findings.append(
            Finding("dialplan", f"context {context}: not visible to this AMI user", "see asterisk/README.md")
        )
    elif not answer:
        remedy = 'add #include "extensions_dialer.conf" to extensions.conf and run `dialplan reload`'
        findings.append(Finding("dialplan", f"there is no context {context}", remedy))
    else:
        findings.append(Finding("dialplan", f"context {context} is there"))
    return findings


def _queues(agents: Agents) -> Iterable[Finding]:
    names = agents.queues()
    if not names:
        yield Finding(
            "queues", "Asterisk reports none", "define one in queues.conf, see asterisk/queues_dialer.conf.example"
        )
    for name in names:
        queue = agents.snapshot(name, utc_now())
        yield Finding(f"queue {name}", f"{len(queue.members)} agents, {queue.free} free")


async def _smsc(name: str, gateway: SmsGateway) -> Finding:
    what, where = f"SMS gateway {name}", f"{gateway.host}:{gateway.port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(gateway.host, gateway.port)
        writer.close()
    except (OSError, TimeoutError) as error:
        return Finding(
            what, f"{where}: {error or 'no answer'}", "check host and port, and that the SMSC lets this machine in"
        )
    return Finding(what, f"{where} can be reached")
