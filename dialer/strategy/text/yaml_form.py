"""YAML as strategies use it: maps, lists and texts, and nothing that surprises.

Every scalar is the text that was written: `no`, `12:30` and `1e3` are what they look like, and the fields of a step read
numbers from text anyway. Anchors, aliases, tags and directives are refused, so what was read is as large as what was written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from dialer.domain.errors import shown

MAX_CHARS = 1_000_000
MAX_DEPTH = 16
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# LibYAML compares each %TAG with all before, in one go that no other thread interrupts: ten seconds for a megabyte of them.
_DIRECTIVE = re.compile(r"(?:\A|[\n\r\x85\u2028\u2029])\ufeff?%")
_NOTHING = frozenset({"", "~", "null"})

Tree = str | list[Any] | dict[str, Any] | None


class Inline(dict[str, Any]):
    """A map that is written on one line."""


def read_yaml(text: str) -> Tree:
    """One document. Raises ValueError with the line and column; takes any text, needs no recursion."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"is longer than {MAX_CHARS:,} characters")
    if found := _DIRECTIVE.search(text):
        line = text.count("\n", 0, found.end()) + 1
        raise ValueError(
            f"has a directive (a line that begins with %), which can't be used here (line {line}, column 1)"
        )
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _at(error.problem_mark or error.context_mark, f"is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {str(error).splitlines()[0]}") from None
    except UnicodeEncodeError:
        raise ValueError("holds text that is not valid Unicode") from None
    return builder.root


def _at(mark: Any, reason: str) -> ValueError:
    return ValueError(f"{reason} (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else reason)


@dataclass(slots=True)
class _Open:
    """A map or list that is not closed yet; a map's key waits for its value."""

    held: dict[str, Any] | list[Any]
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    root: Tree = None
    documents: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _at(event.start_mark, "has an anchor or alias, which can't be used here")
        if getattr(event, "tag", None) is not None:
            raise _at(event.start_mark, "has a tag, which can't be used here")
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _at(event.start_mark, "has a second document")
        elif isinstance(event, yaml.ScalarEvent):
            nothing = not event.style and event.value in _NOTHING
            self._put(None if nothing else event.value, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            held: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._put(held, event)
            self.stack.append(_Open(held))
            if len(self.stack) > MAX_DEPTH:
                raise _at(event.start_mark, f"is nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()

    def _put(self, value: Tree, event: Any) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.held, list):
            top.held.append(value)
        elif top.key is not None:
            top.held[top.key] = value
            top.key = None
        elif not isinstance(event, yaml.ScalarEvent):
            raise _at(event.start_mark, "has a key that is no text")
        elif event.value in top.held:
            raise _at(event.start_mark, f"has the key {shown(event.value)} twice")
        else:
            top.key = event.value


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the library is not typed
    """Texts of several lines stand as they are read; nothing is folded."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _inline(dumper: yaml.SafeDumper, value: Inline) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Inline, _inline)


def write_yaml(value: Mapping[str, Any]) -> str:
    """The inverse of `read_yaml`, but for numbers and true and false, which come back as the text they are written as."""
    text: str = yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=False
    )
    return text


def indented(text: str) -> Iterator[str]:
    return (f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
