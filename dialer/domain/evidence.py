"""What was done with one number, as an auditor asks for it: calls, texts and replies, refusals and do-not-contact entries. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dialer.domain.said import Said

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that happened. Times are UTC; `local` is the same instant on the called party's clock, in its `zone`.

    `kind` is `call`, `text`, `reply`, `refusal` or `do-not-contact`. Seconds: `rang_s` from ringing to the answer or the end, `talked_s`
    from the agent's answer to the end, `duration_s` from the start to the end. `rule` cites what refused it, as far as a rule did.
    """

    kind: str
    at: datetime
    local: str
    zone: str
    campaign_id: int | None
    campaign: str | None
    contact_id: int | None = None
    step: str | None = None
    caller_id: str | None = None
    gateway: str | None = None
    agent: str | None = None
    disposition: str | None = None
    cause: int | None = None
    tech_cause: str | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    rang_s: float | None = None
    talked_s: float | None = None
    duration_s: float | None = None
    text: str | None = None
    reason: str | None = None
    rule_pack: str | None = None
    rule_version: str | None = None
    rule: str | None = None
    until: datetime | None = None
    id: str


COLUMNS = tuple(field.name for field in fields(Evidence))


def evidence(
    attempts: Iterable[Row],
    messages: Iterable[Row],
    trials: Iterable[Row],
    replies: Iterable[Row],
    refusals: Iterable[Row],
    listed: Iterable[Row],
    zone: str,
) -> list[Evidence]:
    """All of it, oldest first. The rows are those of `store.evidence`; `zone` is for those whose contact has none of its own."""
    found = [
        *_calls(attempts, zone), *_texts(messages, zone), *_trials(trials, zone), *_replies(replies, zone),
        *_refusals(refusals, zone), *_entries(listed, zone),
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.id))


def _calls(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    for row in rows:
        ended = row["ended_at"]
        yield Evidence(
            kind="call",
            id=row["id"],
            disposition=row["outcome"] or row["state"],
            reason=row["reason"],
            rang_s=_seconds(row["ringing_at"], row["answered_at"] or ended),
            talked_s=_seconds(row["connected_at"], ended),
            duration_s=_seconds(row["started_at"], ended),
            **_same(row, "caller_id", "gateway", "agent", "cause", "tech_cause", "ringing_at", "answered_at"),
            **_same(row, "connected_at", "ended_at", "rule_pack", "rule_version"),
            **_where(row, row["started_at"], zone),
        )


def _texts(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    for row in rows:
        yield Evidence(
            kind="text",
            id=row["id"],
            caller_id=row["sender"] or None,
            disposition=row["status"],
            reason=row["error"],
            ended_at=row["final_at"],
            **_same(row, "gateway", "text", "rule_pack", "rule_version"),
            **_where(row, row["created_at"], zone),
        )


def _trials(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    """Test messages: texts of no campaign."""
    for row in rows:
        asked = Said("test message, asked for by %(who)s", who=row["asked_by"])
        yield Evidence(
            kind="text",
            id=f"trial-{row['id']}",
            at=row["created_at"],
            local=_local(row["created_at"], zone),
            zone=zone,
            campaign_id=None,
            campaign=None,
            caller_id=row["sender"] or None,
            disposition=row["status"],
            reason=Said("%(what)s; %(why)s", what=asked, why=row["error"]) if row["error"] else asked,
            ended_at=row["final_at"],
            **_same(row, "gateway", "text"),
        )


def _replies(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    for row in rows:
        yield Evidence(
            kind="reply",
            id=f"reply-{row['id']}",
            caller_id=row["destination"],
            disposition="stop" if row["stop"] else "replied",
            reason=Said("confirmation %(status)s", status=row["confirmation"]) if row["confirmation"] else None,
            **_same(row, "gateway", "text"),
            **_where({**row, "node": None}, row["received_at"], zone),
        )


def _refusals(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    for row in rows:
        data = row["data"]
        rule = data.get("rule") or {}
        yield Evidence(
            kind="refusal",
            id=f"trail-{row['id']}",
            disposition=row["kind"],
            reason=data.get("reason"),
            rule_pack=rule.get("pack"),
            rule_version=rule.get("version"),
            rule=rule.get("rule"),
            until=datetime.fromisoformat(data["until"]) if data.get("until") else None,
            **_where({**row, "node": data.get("node")}, row["at"], zone),
        )


def _entries(rows: Iterable[Row], zone: str) -> Iterator[Evidence]:
    for row in rows:
        yield Evidence(
            kind="do-not-contact",
            id=f"entry-{row['id']}",
            at=row["created_at"],
            local=_local(row["created_at"], zone),
            zone=zone,
            campaign_id=row["campaign_id"],
            campaign=row["title"],
            disposition="listed",
            reason=row["reason"] or None,
        )


def _where(row: Row, at: datetime, zone: str) -> dict[str, Any]:
    own = row["zone"] or zone
    return {
        "at": at, "local": _local(at, own), "zone": own, "campaign_id": row["campaign_id"], "campaign": row["title"],
        "contact_id": row["contact_id"], "step": row["node"],
    }  # fmt: skip


def _same(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None


def zone_for(candidates: Sequence[str]) -> str:
    """The zone in which times are shown for a number: the one that its area code tells, UTC if it tells none or several."""
    return candidates[0] if len(candidates) == 1 else "UTC"
