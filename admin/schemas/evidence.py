"""Evidence as the API gives it."""

from dataclasses import asdict
from datetime import datetime
from typing import Self

from pydantic import Field

from admin.schemas.common import In, Out
from dialer.domain.evidence import Evidence
from dialer.operations.evidence import Found


class EvidenceQuery(In):
    number: str = Field(min_length=1, max_length=60, description="A telephone number, as E.164 or as written at home.")


class EvidenceItemOut(Out):
    """`kind` is `call`, `text`, `reply`, `refusal` or `do-not-contact`; what a kind does not have is null.

    `local` is `at` on the called party's clock, in `zone`: the contact's own, else where the number is, else UTC. `rang_s`
    is from ringing to the answer or the end, `talked_s` from the agent's answer to the end, `duration_s` from the start to
    the end. `rule_pack` and `rule_version` were in force then; of a refusal by a rule they and `rule` cite it.
    """

    kind: str
    id: str
    at: datetime
    local: str
    zone: str
    campaign_id: int | None
    campaign: str | None
    contact_id: int | None
    step: str | None
    caller_id: str | None
    gateway: str | None
    agent: str | None
    disposition: str | None
    cause: int | None
    tech_cause: str | None
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    rang_s: float | None
    talked_s: float | None
    duration_s: float | None
    text: str | None
    reason: str | None
    rule_pack: str | None
    rule_version: str | None
    rule: str | None
    until: datetime | None

    @classmethod
    def of(cls, one: Evidence) -> Self:
        return cls(**asdict(one))


class EvidenceOut(Out):
    """Everything that is kept of one number, oldest first."""

    number: str
    zones: list[str]
    items: list[EvidenceItemOut]
    total: int

    @classmethod
    def of(cls, found: Found) -> Self:
        items = [EvidenceItemOut.of(one) for one in found.items]
        return cls(number=found.number, zones=list(found.zones), items=items, total=len(items))
