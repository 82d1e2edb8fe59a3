"""A contact's whole story (K12): the rows of its trail, with what attempts and texts tell of themselves at their own times."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

Row = Mapping[str, Any]

_QUEUED = "`version`, `address`, `try_no`, `due_at`"

#: Every kind of entry: what it says, and what its `data` holds beside `node`, the step, and `request`. Made into docs/reference/trail.md.
KINDS: Mapping[str, tuple[str, str]] = {
    "created": ("the contact came into the system", "`source`, `notes`"),
    "merged": ("it was loaded again, and what was new was taken over", "`source`, `changes`, `notes`"),
    "joined": ("several contacts turned out to be one person", "`source`, `absorbed`, `changes`, `dropped`"),
    "edited": ("somebody changed it", "`by`, `changes`"),
    "erased": ("everything personal was erased", "`by`"),
    "enrolled": ("it was added to the campaign", "`source`"),
    "left": ("it was taken out of the campaign again, with the source that had brought it", "`source`"),
    "taken-back": ("what a source had changed was set back, because the source was removed", "`source`, `changes`"),
    "place-kept": (
        "two contacts who are one person were both in the campaign: the place that was further, as it was then",
        "`state`, `stop_reason`, `result`, `version`, `memory`, `request`, `due_at`, `calls`",
    ),
    "step": (
        "it came to a step, or left it by `port` with the step's outcome, or stays until `due_at`",
        "`version`, `port`, `why`, `outcome`, `due_at`",
    ),
    "attributes-set": ("the steps before this entry set attributes", "`changes`"),
    "waiting": ("it waits at a step", "`version`, `due_at`"),
    "finished": ("it has been through the strategy", "`version`, `result`"),
    "call-queued": ("a call is to be made: a new contact request", _QUEUED),
    "sms-queued": ("a text is to be sent: a new contact request", _QUEUED),
    "webhook-queued": ("a webhook is to be sent: a new contact request", _QUEUED),
    "readdressed": (
        "a queued request was written anew after an edit",
        "`channel`, `address`, `old`, `request`, `replaces`",
    ),
    "put-off": (
        "a queued call or text has to wait for a rule of the campaign's rule pack; `rule` cites it: `rule`, `pack`, `version`",
        "`channel`, `address`, `reason`, `until`, `rule`",
    ),
    "refused": ("a queued request may not be carried out: no call or text was made", "`channel`, `address`, `reason`"),
    "stopped": ("its pending work was stopped and flagged", "`reason`"),
    "requeued": ("it was taken up again, in a new request in place of the stopped one", "`request`, `replaces`"),
    "preview-offered": ("the contact was offered to an agent, who decides until `until`", "`offer`, `agent`, `until`"),
    "preview-accepted": ("the agent accepted: its telephone is called, then the contact's", "`offer`, `agent`, `by`"),
    "preview-skipped": (
        "the agent left it for later: it is offered again",
        "`offer`, `agent`, `by`, `reason`, `until`",
    ),
    "preview-rejected": (
        "the agent said that the contact is not to be called: it is through the strategy",
        "`offer`, `agent`, `by`, `reason`",
    ),
    "preview-timed-out": ("the agent did not answer: it is offered again", "`offer`, `agent`, `reason`, `until`"),
    "preview-withdrawn": (
        "the offer was taken back, as it or its agent could not be called",
        "`offer`, `agent`, `reason`",
    ),
    "call-dialed": ("an attempt: the call was committed, then originated", "`attempt`, `number`, `gateway`"),
    "call-ringing": ("the telephone rings", "`attempt`, `number`, `gateway`"),
    "call-answered": ("the call was answered", "`attempt`, `number`, `gateway`"),
    "call-connected": ("an agent has the call", "`attempt`, `number`, `gateway`, `agent`, `queue`"),
    "call-ended": (
        "the attempt's outcome",
        "`attempt`, `number`, `outcome`, `reason`, `cause`, `tech_cause`, `agent`, `amd`, `message`, `rang_s`, `talked_s`",
    ),
    "call-spared": (
        "the call failed in a storm of its trunk: it costs no try, and its turn comes again in a new request",
        "`request`, `replaces`",
    ),
    "opted-out": ("on hearing the message to an abandoned call the callee pressed the key for it", "`number`, `key`"),
    "call-refused": ("the number may not be dialed at all: no attempt was made", "`address`, `reason`"),
    "call-withdrawn": ("the call was proven not to have left the server; its turn comes again", "`attempt`, `reason`"),
    "sms-sending": (
        "the text was committed, then handed to the SMSC",
        "`message`, `address`, `gateway`, `text`, `parts`",
    ),
    "sms-part": (
        "the SMSC took a part of a long text, or its receipt came",
        "`message`, `part`, `parts`, `status`, `gateway`, `error`",
    ),
    "sms-status": (
        "the status of the whole text, after a response or a receipt",
        "`message`, `status`, `error`, `address`, `gateway`, `parts`",
    ),
    "sms-refused": ("the text can't be sent at all", "`address`, `reason`"),
    "sms-withdrawn": ("the text was proven not to have left the server; its turn comes again", "`message`, `reason`"),
    "replied": (
        "the contact sent a text, taken for an answer to `message`, the last one from `sender`; `stop`: it asked not to be contacted",
        "`text`, `address`, `gateway`, `sender`, `message`, `stop`",
    ),
    "webhook-sending": ("the webhook was committed, then sent", "`method`, `url`, `key`"),
    "webhook-answered": ("its receiver answered with success", "`address`, `status`"),
    "webhook-failed": ("it was refused, failed or not answered in time", "`address`, `status`, `reason`"),
    "webhook-withdrawn": ("nobody knows whether it was received: it is sent again, by the same key", "`key`, `reason`"),
}
#: Those that no row was written for: the attempt or the text itself tells them, and they have the id 0.
TOLD_BY_THEMSELVES = ("call-ringing", "call-answered", "call-connected", "sms-part")


def story(
    trail: Sequence[Row], attempts: Iterable[Row], texts: Iterable[Row], parts: Iterable[Row]
) -> list[dict[str, Any]]:
    """All entries `{id, at, campaign_id, contact_id, kind, data}`, oldest first.

    `trail` is in the order in which it was written, and stays in it. `attempts`, `texts` and `parts` are rows of the store.
    """
    known = {text["id"]: text for text in texts}
    rows = [_filled(row, known) for row in trail]
    moments = accumulate(
        (row["at"] for row in rows), max
    )  # a clock that was looked at earlier must not turn two rows round
    told = [*_of_attempts(attempts), *_of_parts(parts, known)]
    placed = [*((at, 0, row) for at, row in zip(moments, rows, strict=True)), *((one["at"], 1, one) for one in told)]
    return [row for _at, _rank, row in sorted(placed, key=lambda one: one[:2])]


def _filled(row: Row, texts: Mapping[str, Row]) -> dict[str, Any]:
    """A text's status with where it went: a reader need not look for the entry that sent it."""
    text = texts.get(row["data"].get("message", "")) if row["kind"] == "sms-status" else None
    if text is None:
        return dict(row)
    return {**row, "data": {**{name: text[name] for name in ("address", "gateway", "parts")}, **row["data"]}}


def _of_attempts(attempts: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for one in attempts:
        data = {"node": one["node"], "attempt": one["id"], "number": one["number"], "gateway": one["gateway"]}
        yield from _at(one["ringing_at"], one, "call-ringing", data)
        yield from _at(one["answered_at"], one, "call-answered", data)
        agent = {"agent": one["agent"], "queue": one["queue"]}
        yield from _at(one["connected_at"], one, "call-connected", {**data, **agent})


def _of_parts(parts: Iterable[Row], texts: Mapping[str, Row]) -> Iterator[dict[str, Any]]:
    """Of texts with one part only the status of the whole is told."""
    for part in parts:
        text = texts.get(part["message_id"])
        if text is None or text["parts"] == 1:
            continue
        data = {"node": text["node"], "message": text["id"], "part": part["part"], "parts": text["parts"]}
        where = {"gateway": part["gateway"]}
        yield from _at(part["submitted_at"], text, "sms-part", {**data, **where, "status": "submitted", "error": None})
        status = {"status": part["status"], "error": part["error"]}
        yield from _at(part["final_at"], text, "sms-part", {**data, **where, **status})


def _at(at: datetime | None, of: Row, kind: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if at is not None:
        ids = {"campaign_id": of["campaign_id"], "contact_id": of["contact_id"]}
        yield {"id": 0, "at": at, **ids, "kind": kind, "data": data}
