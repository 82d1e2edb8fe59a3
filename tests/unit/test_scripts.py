"""What scripts say: nothing that a page shows stands in them but in `say`."""

import re
from pathlib import Path

import pytest

from tests.support import pseudo

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "admin/static").rglob("*.js"))
#: Comments and regular expressions are no texts; a text may stand in either quotes, or in a template with values.
_SAID = re.compile(r"\bsay\((?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")")
_TEXT = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\\'])//[^\n]*", re.DOTALL)
_VALUE = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|<[^>]*>")
#: Words that begin with a capital letter, or several in a row, are for people; names of the page and of the editor are not.
_FOR_PEOPLE = re.compile(r"^\W*[A-Z][a-z]+\b(?![-(])|[A-Za-z,.]{2,} +[a-z]{2,}")
#: Selectors, classes, names of keys and headers, and Node-RED's own.
CODES = re.compile(
    r"^(use strict|[#.\[][\w\[\]\"'=, :>.#()*^-]*|Content-Type|Files|X-CSRF-Token|Escape|GET|POST|DELETE|Studio-Draft|RED\..*|.*red-ui-.*"
    r"|(alert|btn|studio|table)[\w -]*|(notification|application|text)/[\w-]+.*|.*\[[\w-]+.*|h1, p|input\w*|form\w*|translate\(.*|main \w.*"
    r"|(on)?(input|change)[.\w]*( change[.\w]*)?|details\.menu\[open\].*|htmx.*|\(prefers-color-scheme: dark\)|.*:checked)$"
)

pytestmark = pytest.mark.req("C1")


def texts(script: str) -> list[str]:
    """For people, and not said by `say`."""
    left = _SAID.sub("say(", _COMMENT.sub("", script))
    found = [_VALUE.sub("", next(filter(None, match.groups()), "")) for match in _TEXT.finditer(left)]
    return [text for text in found if _FOR_PEOPLE.search(text) and not CODES.match(text)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_says_anything_that_can_not_be_translated(path: Path) -> None:
    assert texts(path.read_text(encoding="utf-8")) == []


def test_a_text_that_was_forgotten_is_found() -> None:
    script = "// It says\nplace.textContent = 'Nothing was loaded'; tell(`Sending ${file.name} now`); say('Sent, %(name)s', file);"
    assert texts(script) == ["Nothing was loaded", "Sending  now"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_whatever_they_say_is_in_the_catalogue(path: Path) -> None:
    said = [one or other for one, other in _SAID.findall(_COMMENT.sub("", path.read_text(encoding="utf-8")))]
    assert [text for text in said for _missing in pseudo.missing(text)] == []
