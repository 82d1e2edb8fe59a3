"""Webhook endpoints and their deliveries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from admin.schemas.common import In, JsonObject, Out, RowOut, Title
from dialer.domain.hooks import EventKind
from dialer.domain.patterns import ASCII
from dialer.domain.transitions import DeliveryState
from dialer.operations.hooks import LEAST_SECRET, LONGEST_SECRET
from dialer.store.types import AnyRow

SHOWN_CHARS = 4
Url = Annotated[
    str, Field(min_length=1, max_length=4000, description="Its host must be among `webhooks.allowed_hosts`.")
]
Events = Annotated[tuple[EventKind, ...], Field(min_length=1, max_length=len(EventKind))]
CampaignId = Annotated[int | None, Field(ge=1, le=2**63 - 1, description="Tell of this campaign only.")]
Secret = Annotated[
    str | None,
    Field(
        min_length=LEAST_SECRET,
        max_length=LONGEST_SECRET,
        pattern=ASCII,
        description="Signs what is sent; without one a random one is made.",
    ),
]


class WebhookIn(In):
    name: Title
    url: Url
    events: Events
    campaign_id: CampaignId = None
    enabled: bool = True
    secret: Secret = None


class WebhookPatch(In):
    name: Title | None = None
    url: Url | None = None
    events: Events | None = None
    campaign_id: CampaignId = None
    enabled: bool | None = None

    def given(self) -> dict[str, Any]:
        """What is to be changed; null is a value only for the campaign."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in sent.items() if value is not None or name == "campaign_id"}


class WebhookOut(Out):
    id: int
    name: str
    url: str
    events: list[EventKind]
    campaign_id: int | None
    enabled: bool
    disabled_reason: str | None
    dropped: int = Field(description="Events that were not kept, since too many waited.")
    secret_hint: str = Field(description="The secret but for its last characters.")
    revision: int
    created_at: datetime
    modified_at: datetime

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return cls(**_told(cls, item))


class WebhookMadeOut(WebhookOut):
    """The only answer that tells the secret."""

    secret: str


class DeliveryOut(RowOut):
    id: int
    endpoint_id: int
    event_id: str
    kind: str
    state: DeliveryState
    tries: int
    next_due_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    payload: JsonObject


def hint(secret: str) -> str:
    return f"…{secret[-SHOWN_CHARS:]}"


def of_row(row: AnyRow) -> Mapping[str, Any]:
    return dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)


def _told(model: type[WebhookOut], item: Mapping[str, Any]) -> dict[str, Any]:
    known = {**item, "secret_hint": hint(item["secret"])}
    return {name: known[name] for name in model.model_fields}
