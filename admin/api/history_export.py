"""What was tried and what came of it, to take along: calls, texts, replies and trails, of a campaign or of all."""

from collections.abc import Sequence

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations
from admin.schemas.common import ExportQuery
from dialer.operations import exports
from dialer.operations.exports import Parts

api = Operations("attempts")

PERSON = ("contact_id", "first_name", "last_name")
ATTEMPTS = (
    "id", "campaign_id", *PERSON, "number", "node", "gateway", "queue", "state", "outcome", "agent", "reason", "cause",
    "tech_cause", "amd_status", "amd_cause", "message", "started_at", "ringing_at", "answered_at", "connected_at", "ended_at",
)  # fmt: skip
MESSAGES = (
    "id", "campaign_id", *PERSON, "address", "node", "gateway", "sender", "text", "encoding", "parts", "status", "error",
    "created_at", "submitted_at", "final_at",
)  # fmt: skip
REPLIES = (
    "id", "received_at", "source", "first_name", "last_name", "text", "stop", "answered", "destination", "gateway",
    "campaign_id", "contact_id", "confirmation",
)  # fmt: skip
TRAIL = ("id", "at", *PERSON, "kind", "data")


@api("GET", "/attempts/export.csv", "Take along all calls", answers=csv_stream.ANSWERS)
async def all_attempts(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, as in the list, newest first. Cells that a spreadsheet would run begin with `'`."""
    return await _send(request, "attempts", ATTEMPTS, exports.attempts(request.app[CONTEXT], query.query()))


@api("GET", "/campaigns/{campaign_id}/attempts/export.csv", "Take along a campaign's calls", answers=csv_stream.ANSWERS)
async def attempts(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """As `/attempts/export.csv`."""
    parts = exports.attempts(request.app[CONTEXT], query.query(), campaign_id)
    return await _send(request, f"attempts-{campaign_id}", ATTEMPTS, parts)


@api("GET", "/messages/export.csv", "Take along all texts", answers=csv_stream.ANSWERS)
async def all_messages(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, as in the list, newest first. Cells that a spreadsheet would run begin with `'`."""
    return await _send(request, "messages", MESSAGES, exports.messages(request.app[CONTEXT], query.query()))


@api("GET", "/campaigns/{campaign_id}/messages/export.csv", "Take along a campaign's texts", answers=csv_stream.ANSWERS)
async def messages(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """As `/messages/export.csv`."""
    parts = exports.messages(request.app[CONTEXT], query.query(), campaign_id)
    return await _send(request, f"messages-{campaign_id}", MESSAGES, parts)


@api("GET", "/replies/export.csv", "Take along all replies", answers=csv_stream.ANSWERS)
async def all_replies(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, as in the list. Cells that a spreadsheet would run as a formula begin with `'`."""
    return await _send(request, "replies", REPLIES, exports.replies(request.app[CONTEXT], query.query()))


@api(
    "GET", "/campaigns/{campaign_id}/replies/export.csv", "Take along a campaign's replies", answers=csv_stream.ANSWERS
)
async def replies(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """As `/replies/export.csv`: those to its texts."""
    parts = exports.replies(request.app[CONTEXT], query.query(), campaign_id)
    return await _send(request, f"replies-{campaign_id}", REPLIES, parts)


@api(
    "GET",
    "/campaigns/{campaign_id}/trail/export.csv",
    "Take along all that happened in a campaign",
    answers=csv_stream.ANSWERS,
)
async def trail(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """The trails of its contacts, oldest first; `data` is JSON. To be filtered by `contact_id`, `kind` and `at`."""
    parts = exports.trail(request.app[CONTEXT], query.query(), campaign_id)
    return await _send(request, f"trail-{campaign_id}", TRAIL, parts)


async def _send(request: web.Request, name: str, columns: Sequence[str], parts: Parts) -> web.StreamResponse:
    return await csv_stream.send_parts(request, f"{name}.csv", columns, parts)
