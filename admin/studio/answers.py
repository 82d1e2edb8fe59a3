"""What the editor sends, and refusals as it reads them: faults with their nodes, and in words for whoever has no list."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.language import _, ngettext, said
from dialer.domain.errors import InvalidInput
from dialer.strategy.read import NodeFault


async def sent(request: web.Request) -> dict[str, Any]:
    """The body; a bare list is the flow. Raises `InvalidInput`."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise InvalidInput.single("body", "is not JSON, or nested too deeply") from None
    return body if isinstance(body, dict) else {"flows": body}


def refusal(status: int, code: str, message: str, **more: Any) -> web.Response:
    """An error as the editor reads it."""
    return web.json_response({"code": code, "message": message, **more}, status=status)


def faulty(code: str, done: str, flow: object, faults: Sequence[NodeFault]) -> web.Response:
    """`done` says what became of it: nothing."""
    names = _names(flow)
    lines = [f"{_named(fault, names)}{fault.field}: {said(fault.reason)}" for fault in faults]
    count = ngettext("%(num)s fault", "%(num)s faults", len(lines))
    message = f"{done}, {count}. " + "; ".join(lines)
    summary = _("%(faults)s, see the list.", faults=count)
    return refusal(400, code, message, summary=summary, faults=told_faults(faults))


def retold_of(error: InvalidInput) -> str:
    return "; ".join(f"{fault.field}: {said(fault.reason)}" for fault in error.faults)


def told_faults(faults: Iterable[NodeFault]) -> list[dict[str, str]]:
    return [{"node": fault.node, "field": fault.field, "reason": said(fault.reason)} for fault in faults]


def _named(fault: NodeFault, names: Mapping[str, str]) -> str:
    if not fault.node:
        return ""
    name = names.get(fault.node)
    return f"{name} ({fault.node}), " if name else f"{fault.node}, "


def _names(flow: object) -> dict[str, str]:
    entries = [entry for entry in flow if isinstance(entry, dict)] if isinstance(flow, list) else []
    return {str(entry.get("id")): str(entry["name"]) for entry in entries if entry.get("name")}
