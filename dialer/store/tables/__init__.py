"""The tables. Migrations make them, and a test proves that both agree. State columns follow `domain.transitions`."""

from dialer.store.tables.audit import audit
from dialer.store.tables.base import metadata
from dialer.store.tables.campaigns import (
    campaign,
    gateway,
    gateway_day,
    live_answers,
    minute_count,
    result_count,
    strategy_draft,
    strategy_version,
)
from dialer.store.tables.contacts import (
    channel_address,
    contact,
    contact_change,
    contact_field,
    do_not_contact,
    idempotent_piece,
    idempotent_request,
    refused_row,
    remembered_mapping,
    rest_key,
    source,
)
from dialer.store.tables.hooks import webhook_delivery, webhook_endpoint
from dialer.store.tables.texts import (
    early_receipt,
    message,
    message_part,
    reply,
    reply_part,
    smsc_id,
    trial,
    trial_part,
)
from dialer.store.tables.users import api_token, idempotent_answer, session, user
from dialer.store.tables.work import attempt, contact_request, enrollment, node, preview, trail

__all__ = (
    "api_token",
    "attempt",
    "audit",
    "campaign",
    "channel_address",
    "contact",
    "contact_change",
    "contact_field",
    "contact_request",
    "do_not_contact",
    "early_receipt",
    "enrollment",
    "gateway",
    "gateway_day",
    "idempotent_answer",
    "idempotent_piece",
    "idempotent_request",
    "live_answers",
    "message",
    "message_part",
    "metadata",
    "minute_count",
    "node",
    "preview",
    "refused_row",
    "remembered_mapping",
    "reply",
    "reply_part",
    "rest_key",
    "result_count",
    "session",
    "smsc_id",
    "source",
    "strategy_draft",
    "strategy_version",
    "trail",
    "trial",
    "trial_part",
    "user",
    "webhook_delivery",
    "webhook_endpoint",
)
