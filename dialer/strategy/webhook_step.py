"""The webhook step: one request, left by how it was answered."""

from dialer.domain.columns import MAX_VALUE
from dialer.domain.errors import InvalidInput
from dialer.domain.record import replace
from dialer.domain.said import Said, marked
from dialer.domain.template import without_controls
from dialer.strategy.effects import DONE, RequestWebhook
from dialer.strategy.events import WebhookAnswered
from dialer.strategy.fields import WebhookFields
from dialer.strategy.turn import Here, Leave, Turn
from dialer.strategy.web import fill_body, fill_url

ERROR = "error"


def enter(here: Here, fields: WebhookFields) -> Turn:
    """Ask for the request, filled in; without a value that it needs, the step fails at once."""
    try:
        url, address = fill_url(fields.url, here.contact.values)
        body = fill_body(fields.body, here.contact.values)
    except InvalidInput as error:
        return _failed(here, error.faults[0].reason)
    except ValueError as error:
        return _failed(here, Said("the address, filled in, %(why)s", why=error.args[0]))
    memory = replace(here.memory, try_no=1)
    request = RequestWebhook(
        *memory.key,
        method=fields.method,
        url=url,
        host=address.host,
        body=body,
        timeout_s=fields.timeout_s,
        save_as=fields.save_as,
        due_at=here.now,
    )
    return Turn(memory, request)


def answered(here: Here, fields: WebhookFields, event: WebhookAnswered) -> Turn:
    """Only a response with success is kept: an error page would overwrite what the attribute held."""
    if not event.ok:
        return _failed(here, event.text)
    text = without_controls(event.text.strip())[:MAX_VALUE]
    changes = ((fields.save_as, text),) if fields.save_as is not None else ()
    return Turn(here.memory, Leave("ok", marked("answered with success"), DONE), changes=changes)


def _failed(here: Here, why: str) -> Turn:
    return Turn(here.memory, Leave("error", why or marked("failed"), ERROR))
