"""Users, and the telephones that are theirs."""

from admin.schemas.common import In, Line, Out


class UserOut(Out):
    """`agent` is the interface of the queue member whose telephone is the user's."""

    name: str
    role: str
    agent: str | None


class UsersOut(Out):
    items: list[UserOut]


class TelephoneIn(In):
    """The interface of a queue member, as `GET /queues` shows it; null: none any more."""

    agent: Line | None
