"""What a webhook step sends: its address and its body, filled in so that a contact's value stays a value."""

import json
from collections.abc import Mapping
from string import printable
from urllib.parse import quote

from dialer.domain.errors import InvalidInput
from dialer.domain.template import placeholders, render
from dialer.domain.web_address import MAX_URL, WebAddress, read_web_address

MAX_BODY = 10_000  # characters, as it is written
MAX_FILLED = 40_000  # once it is filled in
_AS_WRITTEN = printable.strip()  # the designer's own characters stay; what no address can have is percent-encoded


def fill_url(url: str, values: Mapping[str, str]) -> tuple[str, WebAddress]:
    """The address with the contact's values, percent-encoded: none of them can add a path, a query or another host.

    Raises InvalidInput with every value that is missing, ValueError for what is no address once it is filled in.
    """
    filled = quote(render(url, values, "url", spell=_percent, most=MAX_URL), safe=_AS_WRITTEN)
    return filled, read_web_address(filled)


def fill_body(body: str, values: Mapping[str, str]) -> str:
    """The body with the contact's values; in one that is JSON they are written as JSON has them within quotes."""
    return render(body, values, "body", spell=_in_json if is_json(body) else str, most=MAX_FILLED)


def is_json(body: str) -> bool:
    """By its first character: an object or a list."""
    return body.lstrip()[:1] in {"{", "["}


def check_url(url: str) -> None:
    """Raises ValueError unless it is an address with values filled in; scheme and port can't be values."""
    try:
        fill_url(url, dict.fromkeys(placeholders(url), "x"))
    except InvalidInput as error:
        raise ValueError(error.faults[0].reason) from None


def fixed_host(url: str) -> str | None:
    """The host of an address that was checked; None if a value is part of it."""
    hosts = {fill_url(url, dict.fromkeys(placeholders(url), value))[1].host for value in ("x", "y")}
    return hosts.pop() if len(hosts) == 1 else None


def _percent(value: str) -> str:
    return quote(value, safe="")


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
