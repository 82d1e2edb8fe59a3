"""Finds the texts of pages in Python: what stands in `_` and its like, and what the domain says (an extraction method of Babel)."""

import ast
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from babel.messages.extract import extract_python

#: Which argument of what is made or raised is a sentence for people (dialer/domain/said.py).
SAYS: Mapping[str, slice] = {
    **dict.fromkeys(("Said", "marked", "Conflict", "Misfit", "Unreadable", "malformed", "NotFound", "StaleEdit"), slice(1)),
    **dict.fromkeys(("Fault", "single", "Refused", "Reason", "Untranslatable"), slice(1, 2)),
    **dict.fromkeys(("NodeFault", "IllegalTransition", "fault", "refuse", "warn"), slice(2, 3)),
    "UnreadableFile": slice(1, 3),
    "Finding": slice(3),  # what was looked at, what was found, the remedy
}  # fmt: skip


def extract(file: BinaryIO, keywords: Mapping[str, object], tags: list[str], options: object) -> Iterator[Any]:
    source = file.read()
    yield from extract_python(BytesIO(source), keywords, tags, options)  # type: ignore[arg-type]  # made by Babel itself
    yield from ((one.lineno, "_", one.value, []) for one in sentences(source) if isinstance(one, ast.Constant))


def sentences(source: bytes | str) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Texts that are said as they stand, and those put together (f-strings), which nobody can translate."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and (at := SAYS.get(_name(call.func))) is not None:
            yield from (text for argument in call.args[at] for text in _texts(argument))


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _texts(argument: ast.expr) -> Iterator[ast.Constant | ast.JoinedStr]:
    match argument:
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one), *_texts(other))
        case ast.JoinedStr() | ast.Constant(value=str()):
            yield argument
        case _:
            pass
