"""The agent's own place, and what is offered to it."""

from admin.schemas.common import In, Instant, JsonObject, Line, Out


class DeskIn(In):
    """Both may be left out: it stays as it is."""

    agent: Line | None = None
    ready: bool | None = None


class AnswerIn(In):
    """Why, for the contact's trail."""

    reason: Line = ""


class OfferOut(Out):
    """A contact to call; `stage` is `opening`, `offered`, `ringing` (your telephone), `calling`, `wrap_up` or `closing`."""

    id: str
    stage: str
    offered_at: Instant
    until: Instant
    campaign_id: int
    step: str
    number: str
    contact_id: int
    first_name: str
    last_name: str
    attributes: JsonObject
    trail: list[JsonObject]


class DeskOut(Out):
    """`told` is what you should know: why you are not ready any more, or why a call did not start."""

    agent: str | None
    ready: bool
    told: str | None
    offer: OfferOut | None
