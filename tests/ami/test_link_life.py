"""A link's life: login, resync without losing an event, faults, and the way back (asterisk facts, §5: 4-7, 9-11; §6)."""

from __future__ import annotations

import asyncio

import pytest

from dialer.ami.link import AmiLink
from dialer.ami.originate import Accepted, NotSent
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain import telephony as t
from tests.ami.conftest import Linked, Listener, attempt, call, settings_for, stop, until
from tests.peers import ami_events as e
from tests.peers.ami import AmiPeer
from tests.peers.ami_pbx import ScriptedPbx

RINGING = e.member("QueueMemberStatus", "sales", "PJSIP/anna", Status=6)


async def test_the_picture_comes_before_the_first_event(linked: Linked) -> None:
    assert linked.heard.states == [LinkState.CONNECTING, LinkState.RESYNC, LinkState.UP]
    assert isinstance(linked.heard.told[0], t.LiveState)
    assert linked.heard.told[1:] == [t.FullyBooted(1000)]
    assert linked.heard.pictures[0].uptime_s == 1000


async def test_how_far_the_clock_of_asterisk_is_off_comes_with_the_picture(peer: AmiPeer) -> None:
    peer.clock_offset_s = 100.0
    heard = Listener()
    task = asyncio.create_task(AmiLink(settings_for(peer), heard.callbacks()).run())
    await until(lambda: heard.pictures)
    assert heard.pictures[0].clock_offset_s == pytest.approx(
        100, abs=30
    )  # less half the time that a busy machine takes
    await stop(task)


@pytest.mark.req("D5")
async def test_events_during_a_resync_are_held_back_and_then_told_in_order(peer: AmiPeer) -> None:
    ScriptedPbx.with_agents(peer, 3)
    peer.before_list = lambda action: peer.push(RINGING) if action == "QueueStatus" else None
    heard = Listener(resync_takes=asyncio.Event())
    link = AmiLink(settings_for(peer), heard.callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: "CoreShowChannels" in [name for _, name in peer.actions])
    peer.push(e.member("QueueMemberRemoved", "sales", "PJSIP/anna"))
    assert isinstance(await link.originate(call(1)), NotSent)  # not before the picture is there
    assert heard.resync_takes is not None
    await asyncio.sleep(0)
    heard.resync_takes.set()
    await until(lambda: len(heard.events) == 3)
    assert [type(one) for one in heard.told] == [t.LiveState, t.FullyBooted, t.MemberState, t.MemberRemoved]
    assert len(heard.pictures[0].members) == 3
    await stop(task)


@pytest.mark.req("D5")
async def test_a_wrong_secret_is_refused_with_its_reason_and_retried_slowly(peer: AmiPeer) -> None:
    """Trap 10."""
    heard = Listener()
    link = AmiLink(settings_for(peer, secret="wrong"), heard.callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: link.state is LinkState.REFUSED)
    assert "Authentication failed" in link.reason
    assert "'dialer'" in link.reason
    assert "wrong" not in link.reason
    logins = len(peer.actions)
    await asyncio.sleep(0.15)
    assert len(peer.actions) == logins
    peer.secret = "wrong"
    await until(lambda: link.state is LinkState.UP)
    await stop(task)


async def test_missing_rights_are_refused_with_their_name_and_nothing_hangs(peer: AmiPeer) -> None:
    """Trap 6: a list action that answers with an error."""
    peer.refuses_lists = "Permission denied"
    link = AmiLink(settings_for(peer), Listener().callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: link.state is LinkState.REFUSED)
    assert link.reason == "Asterisk refused QueueStatus: Permission denied"
    await stop(task)


@pytest.mark.req("D5")
async def test_after_a_drop_the_picture_is_rebuilt_before_the_next_call(linked: Linked) -> None:
    linked.peer.drop()
    await linked.reaches(LinkState.DOWN)
    await linked.up()
    assert len(linked.heard.pictures) == 2
    assert len(linked.heard.downs) == 1
    kinds = [str if isinstance(one, str) else type(one) for one in linked.heard.told]
    assert kinds.index(str) < kinds.index(t.LiveState, 1)


@pytest.mark.req("D5")
@pytest.mark.parametrize("linked", [{"ping_deadline_s": 0.3, "give_up_s": 1.5}], indirect=True)
async def test_half_open_is_stale_then_given_up(linked: Linked) -> None:
    """Trap 5: TCP alone never notices."""
    linked.peer.frozen = True
    await linked.reaches(LinkState.STALE)
    assert isinstance(await linked.link.originate(call(1)), NotSent)
    assert linked.heard.downs
    await linked.reaches(LinkState.DOWN)
    assert linked.link.reason == "Asterisk has stopped answering"
    linked.peer.frozen = False
    linked.peer.drop()
    await linked.up()
    assert linked.peer.attempts == []


@pytest.mark.req("D5")
@pytest.mark.parametrize("linked", [{"ping_deadline_s": 0.3}], indirect=True)
async def test_a_late_pong_costs_a_resync_not_the_connection(linked: Linked) -> None:
    linked.peer.answers_pings = False
    await linked.reaches(LinkState.STALE)
    linked.peer.answers_pings = True
    pinged = linked.link._connection
    assert pinged is not None
    (ping_id,) = [key for key, one in pinged.protocol.responses.items() if one["Action"] == "Ping"]
    linked.peer.push({"Response": "Success", "ActionID": ping_id, "Ping": "Pong"})
    await linked.up()
    assert linked.peer.logins == 1
    assert len(linked.heard.pictures) == 2


@pytest.mark.req("D5")
@pytest.mark.parametrize("linked", [{"event_deadline_s": 0.3}], indirect=True)
async def test_events_that_stay_away_make_the_link_stale_although_pings_are_answered(linked: Linked) -> None:
    assert await linked.link.originate(call(1)) == Accepted()  # the peer sends no event about it
    await linked.reaches(LinkState.STALE)
    assert "events are late" in linked.link.reason
    assert isinstance(await linked.link.originate(call(2)), NotSent)
    linked.peer.push(e.new_channel(f"a-{attempt(1)}"))
    await linked.up()
    assert linked.peer.logins == 1
    assert len(linked.heard.pictures) == 2


@pytest.mark.parametrize("linked", [{"event_deadline_s": 0.3, "give_up_s": 0.5}], indirect=True)
async def test_events_that_never_come_end_the_connection(linked: Linked) -> None:
    await linked.link.originate(call(1))
    await linked.reaches(LinkState.DOWN)
    assert "event filters" in linked.link.reason
    await linked.up()


async def test_a_core_reload_is_a_harmless_resync(linked: Linked) -> None:
    """Trap 11."""
    linked.peer.push(e.event("FullyBooted", Status="Fully Booted", Uptime=1060))
    await until(lambda: len(linked.heard.pictures) == 2)
    await linked.up()
    assert linked.heard.pictures[1].uptime_s == 1060
    assert not linked.heard.downs
    assert linked.peer.logins == 1


@pytest.mark.req("D5")
async def test_a_restart_of_asterisk(linked: Linked) -> None:
    linked.peer.push(e.event("Shutdown", Shutdown="Cleanly", Restart="True"))
    await linked.reaches(LinkState.SHUTTING_DOWN)
    assert isinstance(await linked.link.originate(call(1)), NotSent)
    await linked.peer.close()
    await linked.reaches(LinkState.DOWN)
    linked.peer.uptime_s = 0
    await linked.peer.listen()
    await linked.up()
    assert linked.heard.pictures[-1].uptime_s == 0
    assert t.Shutdown(restart=True) in linked.heard.events


async def test_an_asterisk_that_is_still_starting_is_not_asked_for_its_queues(peer: AmiPeer) -> None:
    peer.fully_booted = False
    link = AmiLink(settings_for(peer), Listener().callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: peer.logins == 1)
    await asyncio.sleep(0.05)
    assert link.state is LinkState.CONNECTING
    peer.push(e.event("FullyBooted", Uptime=0))
    await until(lambda: link.state is LinkState.UP)
    await stop(task)


async def test_without_fully_booted_the_reason_is_told(peer: AmiPeer) -> None:
    peer.fully_booted = False
    link = AmiLink(settings_for(peer, boot_timeout_s=0.3), Listener().callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: "FullyBooted" in link.reason)
    await stop(task)


async def test_a_character_over_two_segments_arrives_whole(linked: Linked) -> None:
    """Trap 9."""
    data = e.encode(e.member("QueueMemberStatus", "sales", "PJSIP/zoë"))
    cut = data.index("ë".encode()) + 1
    linked.peer.answers_pings = False  # an answer would come in between the two
    linked.peer.push_bytes(data[:cut])
    await asyncio.sleep(0.02)
    linked.peer.push_bytes(data[cut:])
    await until(lambda: any(getattr(one, "interface", "") == "PJSIP/zoë" for one in linked.heard.events))


async def test_a_fault_in_a_callback_ends_the_link_loudly(peer: AmiPeer) -> None:
    """Trap 4: panoramisk would drop the connection, or say nothing at all."""

    def broken(event: t.Event) -> None:
        if isinstance(event, t.MemberState):
            raise KeyError("a bug of ours")

    heard = Listener()
    link = AmiLink(settings_for(peer), Callbacks(broken, heard.on_resync, heard.told.append))
    task = asyncio.create_task(link.run())
    await until(lambda: link.state is LinkState.UP)
    peer.push(RINGING)
    with pytest.raises(KeyError, match="a bug of ours"):
        await asyncio.wait_for(task, 60)
    assert link.state is LinkState.DOWN


@pytest.mark.parametrize("moment", ["connected", "waiting"])
async def test_a_stopped_link_stays_stopped(linked: Linked, moment: str) -> None:
    """Trap 7: panoramisk's close() does not stop a reconnect that is pending."""
    if moment == "waiting":
        await linked.peer.close()
        await linked.reaches(LinkState.DOWN)
    await stop(linked.task)
    if moment == "waiting":
        await linked.peer.listen()
    logins = linked.peer.logins
    await asyncio.sleep(0.2)
    assert linked.peer.logins == logins
    assert linked.link.state is LinkState.DOWN
    assert not linked.peer.sessions


async def test_another_kind_of_server_is_named(peer: AmiPeer) -> None:
    async def ssh(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(ssh, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = AmiLink(settings_for(peer, port=port), Listener().callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: "SSH" in link.reason)
    await stop(task)
    server.close()
    await server.wait_closed()


async def test_nobody_listening_is_told_with_the_address() -> None:
    link = AmiLink(LinkSettings("127.0.0.1", 1, "dialer", "x", connect_timeout_s=1.0), Listener().callbacks())
    task = asyncio.create_task(link.run())
    await until(lambda: "cannot connect to 127.0.0.1:1" in link.reason)
    await stop(task)
