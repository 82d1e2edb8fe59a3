"""Webhook endpoints: made, edited, tried and removed, with the deliveries of each. Secrets are told once."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from dialer.domain.errors import Conflict, Fault, InvalidInput, NotFound, StaleEdit
from dialer.domain.hooks import TEST, Event, EventKind, body
from dialer.domain.web_address import read_web_address, why_not_allowed, why_not_reached
from dialer.operations import audit, events
from dialer.operations.context import Context
from dialer.operations.once import Made, nobody
from dialer.store import campaigns, deliveries, hooks, lists
from dialer.store.listing import Page, Query
from dialer.store.types import AnyRow

LEAST_SECRET, LONGEST_SECRET = 16, 128


async def page(ctx: Context, query: Query) -> Page:
    """Rows of the table; the secrets in them must not leave the server."""
    async with ctx.db.read() as tx:
        return await lists.WEBHOOKS.page(tx, query)


async def get(ctx: Context, endpoint_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        return _found(await hooks.get(tx, endpoint_id), endpoint_id)


async def create(ctx: Context, fields: Mapping[str, Any], *, kept: Made = nobody) -> AnyRow:
    """`name`, `url`, `events`, and if wanted `campaign_id`, `enabled`, `secret`. The row has the secret, to be told now.

    Raises `InvalidInput` with every fault.
    """
    async with ctx.db.write() as tx:
        row = await _add(tx, ctx, fields)
        await kept(tx, row)
    await events.load(ctx)
    return row


async def _add(tx: AsyncConnection, ctx: Context, fields: Mapping[str, Any]) -> AnyRow:
    now, given = ctx.clock(), {name: value for name, value in fields.items() if value is not None}
    await _check(tx, ctx, given)
    row = {
        "campaign_id": None, "enabled": True, "secret": secrets.token_urlsafe(32), **given,
        "events": sorted(given["events"]), "disabled_reason": None, "dropped": 0, "lease_node": None,
        "lease_until": None, "revision": 1, "created_at": now, "modified_at": now,
    }  # fmt: skip
    made = await hooks.add(tx, row)
    await audit.write(tx, ctx, "create", "webhook", made.id, name=made.name, after=_audited(made))
    return made


async def edit(ctx: Context, endpoint_id: int, fields: Mapping[str, Any], revision: int | None = None) -> AnyRow:
    """Raises `InvalidInput`, `NotFound`, `StaleEdit`. To enable it forgets why it was disabled, and what was dropped."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        row = await _held(tx, endpoint_id, revision)
        await _check(tx, ctx, fields)
        changed = {**fields, **({"events": sorted(fields["events"])} if "events" in fields else {})}
        if fields.get("enabled"):
            changed |= {"disabled_reason": None, **({} if row.enabled else {"dropped": 0})}
        old, row = row, await hooks.edit(tx, endpoint_id, changed, now)
        await audit.write(tx, ctx, "edit", "webhook", row.id, name=row.name, before=_audited(old), after=_audited(row))
    await events.load(ctx)
    return row


async def renew_secret(ctx: Context, endpoint_id: int, revision: int | None = None) -> AnyRow:
    """Another secret, to be told now; what is under way may still be signed with the old one."""
    async with ctx.db.write() as tx:
        await _held(tx, endpoint_id, revision)
        row = await hooks.edit(tx, endpoint_id, {"secret": secrets.token_urlsafe(32)}, ctx.clock())
        await audit.write(tx, ctx, "renew secret", "webhook", row.id, name=row.name)
    await events.load(ctx)
    return row


async def remove(ctx: Context, endpoint_id: int, revision: int | None = None) -> None:
    """With its deliveries, sent or not."""
    async with ctx.db.write() as tx:
        row = await _held(tx, endpoint_id, revision)
        await hooks.remove(tx, endpoint_id)
        await audit.write(tx, ctx, "delete", "webhook", row.id, name=row.name, before=_audited(row))
    await events.load(ctx)


# -- its deliveries ---------------------------------------------------------------------------------------------------


async def deliveries_page(ctx: Context, endpoint_id: int, query: Query) -> Page:
    """The newest first."""
    async with ctx.db.read() as tx:
        _found(await hooks.get(tx, endpoint_id), endpoint_id)
        return await lists.deliveries_of(endpoint_id).page(tx, query)


async def delivery(ctx: Context, endpoint_id: int, delivery_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        return await _delivery(tx, endpoint_id, delivery_id)


async def resend(ctx: Context, endpoint_id: int, delivery_id: int) -> AnyRow:
    """Once more, whatever became of it, by the same event id. Raises `NotFound`, `Conflict` while it is disabled."""
    async with ctx.db.write() as tx:
        await _enabled(tx, endpoint_id)
        await _delivery(tx, endpoint_id, delivery_id)
        row = await deliveries.send_again(tx, delivery_id, ctx.clock())
        await audit.write(tx, ctx, "resend", "webhook", endpoint_id, after={"delivery": delivery_id})
    ctx.subscribed.has_written()
    return row


async def test(ctx: Context, endpoint_id: int, by: str) -> AnyRow:
    """An event of the kind `test`, as any other: signed, in the list, tried again. `by` is told to the receiver."""
    now, event_id = ctx.clock(), str(ULID())
    payload = body(event_id, TEST, now, Event(None, None, {"asked_by": by}))
    async with ctx.db.write() as tx:
        await _enabled(tx, endpoint_id)
        row = await deliveries.add_one(
            tx, {"endpoint_id": endpoint_id, **deliveries.new(event_id, TEST, payload, None, now)}
        )
        await audit.write(tx, ctx, "test", "webhook", endpoint_id, after={"delivery": row.id})
    ctx.subscribed.has_written()
    return row


def _audited(row: AnyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "url", "events", "campaign_id", "enabled")}


# -- checks -----------------------------------------------------------------------------------------------------------


async def _check(tx: AsyncConnection, ctx: Context, fields: Mapping[str, Any]) -> None:
    faults: list[Fault] = []
    if "name" in fields and not fields["name"].strip():
        faults.append(Fault("name", "is needed"))
    if "url" in fields and (why := _why_no_url(ctx, fields["url"])):
        faults.append(Fault("url", why))
    if "events" in fields:
        faults += _event_faults(fields["events"])
    if (secret := fields.get("secret")) is not None and not _is_secret(secret):
        faults.append(
            Fault(
                "secret",
                "should be %(least)s to %(most)s printable ASCII characters",
                least=LEAST_SECRET,
                most=LONGEST_SECRET,
            )
        )
    campaign_id = fields.get("campaign_id")
    if campaign_id is not None and await campaigns.get(tx, campaign_id) is None:
        faults.append(Fault("campaign_id", "there is no campaign with the id %(campaign_id)s", campaign_id=campaign_id))
    if faults:
        raise InvalidInput(faults)


def _is_secret(text: str) -> bool:
    return LEAST_SECRET <= len(text) <= LONGEST_SECRET and text.isascii() and text.isprintable()


def _why_no_url(ctx: Context, url: str) -> str | None:
    try:
        address = read_web_address(url)
    except ValueError as error:
        return str(error)
    settings = ctx.settings.webhooks
    if refusal := why_not_allowed(address.host, settings.allowed_hosts):
        return refusal
    return None if address.ip is None else why_not_reached(address.host, allow_private=settings.allow_private)


def _event_faults(wanted: Collection[str]) -> list[Fault]:
    known = {kind.value for kind in EventKind}
    if not wanted:
        return [Fault("events", "at least one is needed: %(known)s", known=", ".join(sorted(known)))]
    return [
        Fault("events", "%(one)s is none of %(known)s", one=repr(one), known=", ".join(sorted(known)))
        for one in sorted(set(wanted) - known)
    ]


def _found(row: AnyRow | None, endpoint_id: int) -> AnyRow:
    if row is None:
        raise NotFound("webhook", endpoint_id)
    return row


async def _held(tx: AsyncConnection, endpoint_id: int, revision: int | None) -> AnyRow:
    row = _found(await hooks.held(tx, endpoint_id), endpoint_id)
    if revision is not None and revision != row.revision:
        raise StaleEdit("webhook", endpoint_id)
    return row


async def _enabled(tx: AsyncConnection, endpoint_id: int) -> None:
    if not (await _held(tx, endpoint_id, None)).enabled:
        raise Conflict("the webhook is disabled: enable it, then send to it")


async def _delivery(tx: AsyncConnection, endpoint_id: int, delivery_id: int) -> AnyRow:
    row = await deliveries.get(tx, endpoint_id, delivery_id)
    if row is None:
        raise NotFound("delivery of this webhook", delivery_id)
    return row
