"""Users, the telephones that are theirs, and the tokens of programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from admin.schemas.common import In, Instant, Line, Name, Out
from dialer.operations.users import Caller, Right, Scope

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


class SessionOut(Out):
    """Where somebody is logged in; `this` is the session that asks."""

    address: str | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime
    this: bool

    @classmethod
    def of(cls, row: Any, key: str) -> Self:
        """`key`: the digest of the cookie of the session that asks."""
        return cls(
            address=row.address, created_at=row.created_at, last_used_at=row.used_at, expires_at=row.expires_at,
            this=row.digest == key,
        )  # fmt: skip


class AccountOut(Out):
    """Who asks. `time_zone` and `sessions` are a person's; `campaign_id` and `expires_at` narrow a token."""

    name: str
    is_person: bool
    role: str
    rights: list[Right]
    campaign_id: int | None
    expires_at: datetime | None
    time_zone: str | None
    sessions: list[SessionOut] | None

    @classmethod
    def of(cls, caller: Caller, sessions: Sequence[Any] | None) -> Self:
        rights = [right for right in Right if caller.may(right)]
        return cls(
            name=caller.name, is_person=caller.csrf is not None, role=caller.role, rights=rights,
            campaign_id=caller.scope.campaign_id, expires_at=caller.scope.expires_at, time_zone=caller.time_zone,
            sessions=None if sessions is None else [SessionOut.of(one, caller.key) for one in sessions],
        )  # fmt: skip


class TimeZoneIn(In):
    time_zone: Line | None = Field(description="An IANA zone; null: none of one's own.")


class PasswordIn(In):
    old: str = Field(max_length=2000)
    new: str = Field(max_length=2000, description="12 to 1024 characters.")


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
