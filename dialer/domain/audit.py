"""What an audit entry tells of a change: the fields that differ, with secrets masked. Pure."""

from collections.abc import Mapping
from typing import Any

#: Fields whose value is never told, wherever they stand.
SECRETS = frozenset({"password", "secret", "token", "key"})
SET, CHANGED = "(set)", "(changed)"

Values = Mapping[str, Any] | None


def told(before: Values, after: Values) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Of an edit (both given) only the fields that differ; of something new or removed those that have a value."""
    if before is None or after is None:
        return _told(before), _told(after)
    differ = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    old = {name: _masked(name, before.get(name)) for name in differ}
    new = {name: _masked(name, after.get(name), CHANGED if before.get(name) else SET) for name in differ}
    return old, new


def _told(values: Values) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _masked(name, value) for name, value in values.items() if value not in (None, "", (), [], {})}


def _masked(name: str, value: Any, instead: str = SET) -> Any:
    return (instead if value else value) if name in SECRETS else value
