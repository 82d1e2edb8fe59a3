"""What is happening now."""

from pydantic import BaseModel, ConfigDict

from admin.schemas.common import JsonObject, Out


class MemberOut(BaseModel):
    """An agent of a queue; `why` says why not free."""

    model_config = ConfigDict(extra="allow")
    name: str
    interface: str
    free: bool


class QueueOut(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    members: list[MemberOut]


class QueuesOut(Out):
    """Queues as Asterisk reports them; `link` says whether it can be asked now."""

    items: list[QueueOut]
    total: int
    next_cursor: str | None
    link: JsonObject
