"""All routes of the API, and the document that describes them."""

import asyncio
from functools import cache

import orjson
from aiohttp import web

from admin import document, streams
from admin.api import (
    account,
    agent,
    attempts,
    audit,
    campaign_report,
    campaigns,
    checkup,
    contact_export,
    contact_fields,
    contacts,
    do_not_contact,
    drafts,
    dry_runs,
    evidence,
    files,
    gateways,
    history_export,
    hooks,
    live,
    people,
    pushes,
    rule_packs,
    series,
    sources,
    strategies,
    tokens,
    trials,
    users,
)
from admin.openapi import BASE, Media, Operation, Operations

api = Operations("document")


@api(
    "GET", "/openapi.json", "This document", answers={200: Media({"application/json": {"type": "object"}})}, public=True
)
async def openapi(_request: web.Request) -> web.Response:
    body = await asyncio.to_thread(_described)  # 0.2 s the first time, which calls must not wait for
    return web.Response(body=body, content_type="application/json")


@cache
def _described() -> bytes:
    return orjson.dumps(document.document(operations()))


def operations() -> list[Operation]:
    modules = (
        account.api,
        campaigns.api,
        campaign_report.api,
        strategies.api,
        drafts.api,
        dry_runs.api,
        files.api,
        sources.api,
        pushes.api,
        contact_export.api,  # before a contact by its id
        contacts.api,
        people.api,
        contact_fields.api,
        do_not_contact.api,
        gateways.api,
        trials.api,
        hooks.api,
        rule_packs.api,
        evidence.api,
        attempts.api,
        history_export.api,
        live.api,
        series.api,
        checkup.api,
        agent.api,
        users.api,
        tokens.api,
        audit.api,
        api,
    )
    return [operation for module in modules for operation in module.all]


def install(app: web.Application) -> None:
    """Add the routes under `/api/v1`."""
    for operation in operations():
        _add(app, operation)
    streams.install(app)


def _add(app: web.Application, operation: Operation) -> None:
    if operation.method == "GET":
        app.router.add_get(BASE + operation.path, operation.__call__)  # and HEAD
    else:
        app.router.add_route(operation.method, BASE + operation.path, operation.__call__)
