"""The link to one Asterisk: connects, stays, comes back; originates only while everything is known to be well."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable

from dialer.ami import originate as o
from dialer.ami.connection import Connection
from dialer.ami.session import Callbacks, Session
from dialer.ami.states import PROVEN, LinkLostError, LinkSettings, LinkState, NoAnswerError, RefusedError, retry_delay
from dialer.domain.said import Said, marked

#: Attempt ids that are remembered, to refuse a second Originate with the same one.
REMEMBERED_ATTEMPTS = 65_536


class AmiLink:
    """A link that `run` keeps up until it is cancelled. `originate` and `hangup` answer in every state."""

    def __init__(self, settings: LinkSettings, tell: Callbacks, *, jitter: Callable[[], float] = random.random) -> None:
        self._settings, self._tell, self._jitter = settings, tell, jitter
        self._state, self._reason, self._was_up = LinkState.DOWN, marked("not started"), False
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._originated: OrderedDict[str, None] = OrderedDict()

    @property
    def state(self) -> LinkState:
        return self._state

    @property
    def reason(self) -> str:  # of the state, for people; empty when it is up
        return self._reason

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled. Errors of the callbacks are raised."""
        failures, down_since = 0, time.monotonic()
        try:
            while True:
                lost = await self._serve()
                if self._was_up:
                    failures, down_since = 0, time.monotonic()
                delay = retry_delay(self._settings, failures, time.monotonic() - down_since, self._jitter)
                if isinstance(lost, RefusedError):
                    self._set_state(LinkState.REFUSED, str(lost))
                    delay = self._settings.refused_retry_s
                else:
                    self._set_state(LinkState.DOWN, str(lost))
                failures += 1
                await asyncio.sleep(delay)
        finally:
            self._set_state(LinkState.DOWN, "stopped")

    async def _serve(self) -> LinkLostError:
        """One connection, to its end; returns why it ended."""
        self._was_up = False
        if self._state is not LinkState.REFUSED:
            where = f"{self._settings.host}:{self._settings.port}"
            self._set_state(LinkState.CONNECTING, Said("connecting to %(where)s", where=where))
        connection = Connection(self._settings)
        session = Session(connection, self._settings, self._tell, self._set_state)
        connection.on_event = session.take
        try:
            await connection.open()
            self._connection, self._session = connection, session
            await session.run()
        except LinkLostError as lost:
            return lost
        finally:
            self._connection = self._session = None
            connection.end("closed")
        raise AssertionError("a session ends only by an error")

    def look_again(self) -> None:
        """Soon have a new picture of all that goes on (`Callbacks.on_resync`); without a link its return brings one."""
        if self._session is not None:
            self._session.look_again()

    async def originate(self, call: o.OriginateCall) -> o.Answer:
        """Start a call. Never sent twice: a second time with the same attempt id raises ValueError."""
        if call.attempt_id in self._originated:
            raise ValueError(f"attempt_id: {call.attempt_id} has been originated already")
        if self._state is not LinkState.UP or self._connection is None or self._session is None:
            return o.NotSent(self._closed())
        if self._connection.ended.done():  # a moment before the state tells
            return o.NotSent(marked("the connection to Asterisk has ended"))
        if self._connection.congested:
            return o.NotSent(marked("Asterisk is not reading what it is sent"))
        self._originated[call.attempt_id] = None
        if len(self._originated) > REMEMBERED_ATTEMPTS:
            self._originated.popitem(last=False)
        session = self._session
        session.expect(call.attempt_id)
        answer = await self._act(self._connection, call.headers())
        session.answered(call.attempt_id, answer)
        return answer

    async def ring_agent(self, call: o.AgentCall) -> o.Answer:
        """Call the telephone of an agent; whether it was answered comes as `AgentLeg`."""
        return await self._ask_up(call.headers())

    async def hangup(self, attempt_id: str, *, agent: bool = False) -> o.Answer:
        """End the attempt's call, or its agent's own leg. Refused when there is no such channel (any more)."""
        return await self._ask_up(o.hang_up(attempt_id, agent=agent))

    async def _ask_up(self, action: o.Action) -> o.Answer:
        if self._connection is None or self._state in {LinkState.DOWN, LinkState.CONNECTING, LinkState.REFUSED}:
            return o.NotSent(self._closed())
        return await self._act(self._connection, action)

    async def extensions(self, context: str) -> frozenset[str] | None:
        """Those of a context of the dialplan, none without it; None when that can't be told (no right, no answer, link down)."""
        if self._connection is None:
            return None
        try:
            response, *rows = await self._connection.ask_list(
                {"Action": "ShowDialPlan", "Context": context}, self._settings.list_timeout_s
            )
        except (LinkLostError, NoAnswerError):
            return None
        if response.get("Response") == "Success":
            return frozenset(row.get("Extension", "") for row in rows)
        return None if "permission" in response.get("Message", "").lower() else frozenset()

    async def device_state(self, device: str) -> str | None:
        """What Asterisk says of a device such as `PJSIP/carrier`: NOT_INUSE, UNAVAILABLE, INVALID …; None if it can't say."""
        if self._connection is None:
            return None
        action = {"Action": "Getvar", "Variable": f"DEVICE_STATE({device})"}
        try:
            answer = await self._connection.ask(action, self._settings.action_timeout_s)
        except (LinkLostError, NoAnswerError):
            return None
        return answer.get("Value") or None if answer.get("Response") == "Success" else None

    async def _act(self, connection: Connection, action: o.Action) -> o.Answer:
        try:
            answer = await connection.ask(action, self._settings.action_timeout_s)
        except (LinkLostError, NoAnswerError) as error:
            return o.Unknown(str(error))
        if answer.get("Response") == "Success":
            return o.Accepted()
        reason = answer.get("Message", marked("no reason given"))
        return o.Refused(reason, temporary=o.says_nothing_of_the_call(reason))

    def _closed(self) -> str:
        return Said("the link to Asterisk is %(state)s: %(why)s", state=Said(self._state.value), why=self._reason)

    def _set_state(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        falls = self._state in PROVEN and state not in PROVEN
        self._state, self._reason = state, reason
        self._was_up = self._was_up or state is LinkState.UP
        self._tell.on_state(state, reason)
        if falls:
            self._tell.on_down(reason)
