"""The log: every event is documented, no number stands in it, and a reader who does not read holds nobody up."""

import ast
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.redacting import without_numbers
from dialer.log_writer import LogWriter
from dialer.logs import PlainLines

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception"}


def events() -> Iterator[tuple[str, str]]:
    """Each event that the product logs, and where."""
    for folder in ("dialer", "admin", "sms"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                ):
                    assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"
                    yield str(node.args[0].value), str(path.relative_to(ROOT))


@pytest.mark.req("A4")
def test_every_event_is_documented() -> None:
    told = (ROOT / "docs/reference/logs.md").read_text()
    found = dict(events())
    assert len(found) > 25
    assert {event: place for event, place in found.items() if f"`{event}`" not in told and "lab" not in place} == {}


@pytest.mark.req("A4")
@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("+491701234567 is no number", "…67 is no number"),
        ("0170 123 45-67 and (030) 1234567", "…67 and (030) …67"),
        ("cause 34, 5 s, ESME_RINVDSTADR (11)", "cause 34, 5 s, ESME_RINVDSTADR (11)"),
        ("part 3 was refused", "part 3 was refused"),
    ],
)
def test_numbers_are_cut_to_their_last_digits(text: str, logged: str) -> None:
    assert without_numbers(text) == logged


class Stuck(io.StringIO):
    """A reader who does not read until told."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.asked = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        self.reads.wait(60)
        return super().write(text)


@pytest.mark.req("A4")
def test_who_does_not_read_loses_lines_and_holds_up_nobody() -> None:
    stream = Stuck()
    writer = LogWriter(stream, most=3)
    writer.write("first\n")
    assert stream.asked.wait(60), "the thread writes by itself"
    for number in range(5):
        writer.write(f"{number}\n")  # returns at once, or this test never ends
    stream.reads.set()
    writer.close()
    assert stream.getvalue().splitlines() == [
        "first", "0", "1", "2", "2 lines of the log were dropped: they were not read as fast as they came",
    ]  # fmt: skip


def test_a_stream_that_was_closed_is_nobodys_error() -> None:
    stream = io.StringIO()
    stream.close()
    writer = LogWriter(stream)
    writer.write("into the void\n")
    writer.close()


VALUES = st.one_of(
    st.text(), st.sampled_from(["a b", "a=b", 'a"b', "a'b", "a\tb", ""]), st.none(), st.integers(), st.floats()
)
NAMES = st.sampled_from(["campaign", "contact", "request", "attempt", "reason", "exception", "logger"])


@pytest.mark.req("A4")
@given(st.text(), st.sampled_from(sorted(LEVELS)), st.dictionaries(NAMES, VALUES))
def test_a_line_is_as_the_library_writes_it(event: str, level: str, told: dict[str, object]) -> None:
    told |= {name: str(value) for name, value in told.items() if name in {"exception", "logger"}}
    line = {**told, "event": event, "level": level, "timestamp": "2026-05-04T12:00:00.000000Z"}
    theirs = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    assert PlainLines()(None, level, dict(line)) == theirs(None, level, dict(line))
