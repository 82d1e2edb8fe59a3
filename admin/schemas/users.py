"""Users, the telephones that are theirs, and the tokens of programs."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from admin.schemas.common import In, Instant, Line, Name, Out
from dialer.operations.users import Right, Scope

ROLES = "`manager`, `supervisor`, `viewer` or `agent`."


class UserOut(Out):
    """`agent` is the interface of the queue member whose telephone is the user's."""

    name: str
    role: str
    agent: str | None
    disabled: bool
    time_zone: str | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="Of the sessions that are open, to the minute.")
    revision: int = Field(description="Goes up with every change; `If-Match` takes it.")

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            name=row.name, role=row.role, agent=row.agent, disabled=row.disabled_at is not None, time_zone=row.time_zone,
            created_at=row.created_at, last_used_at=row.used_at, revision=row.revision,
        )  # fmt: skip


class UsersOut(Out):
    items: list[UserOut]


class UserIn(In):
    name: Name = Field(
        description="Letters from a to z, digits and `. _ @ + -`; differs from all others by more than case."
    )
    role: Line = Field(description=ROLES)
    password: str = Field(max_length=2000, description="12 to 1024 characters.")


class UserPatch(In):
    """What is to change; all sessions of the user end."""

    role: Line | None = Field(default=None, description=ROLES)
    disabled: bool | None = None
    password: str | None = Field(default=None, max_length=2000, description="A new one: 12 to 1024 characters.")


class TelephoneIn(In):
    """The interface of a queue member, as `GET /queues` shows it; null: none any more."""

    agent: Line | None


class TokenOut(Out):
    """A token as it is listed; what it is itself is known to whoever made it."""

    id: int
    name: str
    role: str
    rights: list[str] | None = Field(description="Null: all that the role has.")
    campaign_id: int | None = Field(description="The one campaign that it is for.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=row.id, name=row.name, role=row.role, rights=row.rights, campaign_id=row.campaign_id,
            created_at=row.created_at, last_used_at=row.used_at, expires_at=row.expires_at,
        )  # fmt: skip


class TokensOut(Out):
    items: list[TokenOut]


class NewTokenOut(Out):
    """`token` is shown this once."""

    token: str


class TokenIn(In):
    name: Name
    role: Line = Field(description=ROLES)
    rights: list[Right] | None = Field(default=None, description="Some of those that the role has; null: all.")
    campaign_id: int | None = Field(
        default=None, ge=1, le=2**63 - 1, description="Nothing but what is under `/campaigns/{campaign_id}`."
    )
    expires_at: Instant | None = None

    def scope(self) -> Scope:
        return Scope(None if self.rights is None else frozenset(self.rights), self.campaign_id, self.expires_at)
