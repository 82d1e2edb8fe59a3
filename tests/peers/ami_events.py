"""AMI events with the headers that Asterisk 22 sends, and whole calls made of them (one per row of the outcomes)."""

from __future__ import annotations

from dataclasses import dataclass

Headers = dict[str, str]

CALLER = "PJSIP/carrier-00000001"
AGENT_CHANNEL = "PJSIP/anna-00000002"


@dataclass(frozen=True)
class Failure:
    """How a call that nobody answers shows. `dial_end` and `cause` None: Asterisk sends no such event."""

    rings: bool
    dial_end: str | None
    cause: int | None
    tech_cause: str
    reason: int


FAILURES = {
    "busy": Failure(rings=True, dial_end="BUSY", cause=17, tech_cause="486", reason=0),
    "no_answer": Failure(rings=True, dial_end=None, cause=19, tech_cause="480", reason=3),
    "congestion": Failure(rings=False, dial_end="CONGESTION", cause=34, tech_cause="503", reason=0),
    "rejected": Failure(rings=False, dial_end="NOANSWER", cause=21, tech_cause="403", reason=0),
    "invalid_number": Failure(rings=False, dial_end="NOANSWER", cause=1, tech_cause="404", reason=0),
    "dead_trunk_long_timeout": Failure(rings=False, dial_end="NOANSWER", cause=18, tech_cause="408", reason=0),
    "dead_trunk": Failure(rings=False, dial_end=None, cause=19, tech_cause="480", reason=3),
    "endpoint_missing": Failure(rings=False, dial_end=None, cause=None, tech_cause="", reason=0),
    "local_busy": Failure(rings=False, dial_end="BUSY", cause=0, tech_cause="", reason=5),
    "local_congestion": Failure(rings=False, dial_end="CONGESTION", cause=0, tech_cause="", reason=8),
    "hung_up_by_us": Failure(rings=True, dial_end=None, cause=16, tech_cause="", reason=0),
}


def event(name: str, **fields: object) -> Headers:
    privilege = "agent,all" if name.startswith(("Queue", "Agent")) else "call,all"
    return {"Event": name, "Privilege": privilege} | {key: str(value) for key, value in fields.items()}


def channel(uniqueid: str, state: int, *, name: str = CALLER, prefix: str = "", linkedid: str = "") -> Headers:
    """The fields of a channel snapshot; `prefix` is Dest for the dialed one."""
    descriptions = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
    fields = {
        "Channel": name,
        "ChannelState": str(state),
        "ChannelStateDesc": descriptions[state],
        "CallerIDNum": "<unknown>",
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": uniqueid.removeprefix("a-"),
        "Context": "dialer",
        "Exten": "q-sales",
        "Priority": "1",
        "Uniqueid": uniqueid,
        "Linkedid": linkedid or uniqueid,
    }
    return {prefix + key: value for key, value in fields.items()}


def new_channel(uniqueid: str) -> Headers:
    return event("Newchannel", **channel(uniqueid, 0))


def new_state(uniqueid: str, state: int) -> Headers:
    return event("Newstate", **channel(uniqueid, state))


def dial_begin(uniqueid: str, number: str = "+15550001") -> Headers:
    return event("DialBegin", **channel(uniqueid, 0, prefix="Dest"), DialString=f"{number}@carrier")


def dial_state(uniqueid: str, status: str) -> Headers:
    return event("DialState", **channel(uniqueid, 5, prefix="Dest"), DialStatus=status)


def dial_end(uniqueid: str, status: str) -> Headers:
    return event("DialEnd", **channel(uniqueid, 6 if status == "ANSWER" else 0, prefix="Dest"), DialStatus=status)


def hangup(uniqueid: str, cause: int = 16, tech_cause: str = "") -> Headers:
    found = event("Hangup", **channel(uniqueid, 6), Cause=cause, **{"Cause-txt": "Normal Clearing"})
    return found | ({"TechCause": tech_cause} if tech_cause else {})


def originate_response(attempt: str, reason: int) -> Headers:
    success = reason == 4
    return event(
        "OriginateResponse",
        ActionID=attempt,
        Response="Success" if success else "Failure",
        Channel=CALLER,
        Context="dialer",
        Exten="q-sales",
        Application="",
        Data="",
        Reason=reason,
        Uniqueid=f"a-{attempt}" if success else "<unknown>",
        CallerIDNum="<unknown>",
        CallerIDName="<unknown>",
    )


def caller(name: str, queue: str, uniqueid: str, **more: object) -> Headers:
    return event(name, **channel(uniqueid, 6), Queue=queue, **more)


def agent(name: str, queue: str, uniqueid: str, interface: str, **more: object) -> Headers:
    dest = channel(f"{uniqueid}-agent", 6, name=f"{interface}-00000002", prefix="Dest", linkedid=uniqueid)
    return caller(name, queue, uniqueid, **dest, Interface=interface, MemberName=interface.rpartition("/")[2], **more)


def member(name: str, queue: str, interface: str, **fields: object) -> Headers:
    """A QueueMember… event; `name` QueueMember is the row of QueueStatus."""
    shared = {
        "Queue": queue,
        "Membership": "static",
        "Penalty": 0,
        "CallsTaken": 0,
        "LastCall": 0,
        "LastPause": 0,
        "LoginTime": 1,
        "InCall": 0,
        "Status": 1,
        "Paused": 0,
        "PausedReason": "",
        "Wrapuptime": 0,
    }
    names = ("Name", "Location") if name == "QueueMember" else ("MemberName", "Interface")
    who = {names[0]: interface.rpartition("/")[2], names[1]: interface, "StateInterface": interface}
    return event(name, **who, **(shared | fields))


def user_event(attempt: str, queue: str, status: str) -> Headers:
    return event(
        "UserEvent",
        **channel(f"a-{attempt}", 6),
        UserEvent="DialerQueue",
        Attempt=attempt,
        Queue=queue,
        QueueStatus=status,
    )


def amd(attempt: str, status: str, cause: str) -> Headers:
    own = channel(f"a-{attempt}", 6)
    return event("UserEvent", **own, UserEvent="DialerAmd", Attempt=attempt, AMDStatus=status, AMDCause=cause)


def message(attempt: str, status: str, key: str = "") -> Headers:
    own = channel(f"a-{attempt}", 6)
    return event("UserEvent", **own, UserEvent="DialerMessage", Attempt=attempt, Message=status, Key=key)


def ringing(attempt: str, *, rings: bool = True) -> list[Headers]:
    uniqueid = f"a-{attempt}"
    begun = [new_channel(uniqueid), dial_begin(uniqueid)]
    return [*begun, new_state(uniqueid, 5), dial_state(uniqueid, "RINGING")] if rings else begun


def failed_end(attempt: str, kind: str) -> list[Headers]:
    """The events that end an unanswered call."""
    failure, uniqueid = FAILURES[kind], f"a-{attempt}"
    ends = [originate_response(attempt, failure.reason)]
    if failure.dial_end:
        ends.insert(0, dial_end(uniqueid, failure.dial_end))
    if failure.cause is not None:
        ends.append(hangup(uniqueid, failure.cause, failure.tech_cause))
    return ends


def answer(attempt: str) -> list[Headers]:
    uniqueid = f"a-{attempt}"
    return [new_state(uniqueid, 6), dial_end(uniqueid, "ANSWER"), originate_response(attempt, 4)]


def stream(kind: str, attempt: str, queue: str = "sales", interface: str = "PJSIP/anna") -> list[Headers]:
    """Every event of one call, in Asterisk's usual order."""
    if kind in FAILURES:
        start = [] if kind == "endpoint_missing" else ringing(attempt, rings=FAILURES[kind].rings)
        return start + failed_end(attempt, kind)
    uniqueid = f"a-{attempt}"
    answered = ringing(attempt) + answer(attempt)
    join = caller("QueueCallerJoin", queue, uniqueid, Position=1, Count=1)
    leave = caller("QueueCallerLeave", queue, uniqueid, Position=1, Count=0)
    gone = caller("QueueCallerAbandon", queue, uniqueid, OriginalPosition=1, Position=1, HoldTime=4)
    called = agent("AgentCalled", queue, uniqueid, interface)
    if kind == "answered":
        connect = agent("AgentConnect", queue, uniqueid, interface, HoldTime=1, RingTime=1)
        complete = agent("AgentComplete", queue, uniqueid, interface, HoldTime=1, TalkTime=9, Reason="agent")
        connected = user_event(attempt, queue, "CONNECTED")
        return [*answered, join, called, leave, connect, complete, connected, hangup(uniqueid)]
    ends = {
        "abandoned_by_callee": [join, called, gone, leave, user_event(attempt, queue, "HANGUP"), hangup(uniqueid)],
        "abandoned_by_timeout": [join, gone, leave, user_event(attempt, queue, "TIMEOUT"), hangup(uniqueid)],
        "abandoned_join_empty": [user_event(attempt, queue, "JOINEMPTY"), hangup(uniqueid)],
        "abandoned_before_queue": [hangup(uniqueid)],
        "abandoned_with_message": [
            amd(attempt, "HUMAN", "HUMAN-800-800"), join, gone, leave, user_event(attempt, queue, "TIMEOUT"),
            message(attempt, "BEGUN"), message(attempt, "PLAYED"), message(attempt, "KEY", "9"), hangup(uniqueid),
        ],
        "machine": [amd(attempt, "MACHINE", "MAXWORDS-4-3"), hangup(uniqueid)],
        "machine_left_a_message": [
            amd(attempt, "MACHINE", "LONGGREETING-1500-1500"), message(attempt, "BEGUN"), message(attempt, "FAILED"),
            hangup(uniqueid),
        ],
    }  # fmt: skip
    return answered + ends[kind]


def encode(headers: Headers) -> bytes:
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()
