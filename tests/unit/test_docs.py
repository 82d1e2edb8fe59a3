"""The documentation holds: reference pages are what the code says, links lead somewhere, the example file loads."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from config.settings import Settings
from docs.generate import REFERENCE, pages

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config/example.toml"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def documents() -> list[Path]:
    readme = ROOT / "README.md"
    return [*([readme] if readme.exists() else []), *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    committed = (REFERENCE / name).read_text(encoding="utf-8")
    assert committed == pages()[name], f"{name} is out of date: run `python -m docs.generate`"


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_folder_of_somebodys_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(work|root|home)/", page.read_text(encoding="utf-8"))


def test_the_example_file_loads_and_names_only_true_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DIALER_")]:
        monkeypatch.delenv(name)
    settings = load(EXAMPLE)
    for name, given in tomllib.loads(EXAMPLE.read_text(encoding="utf-8")).items():
        assert name in Settings.model_fields
        known = type(getattr(settings, name)).model_fields if isinstance(given, dict) else {}
        assert not isinstance(given, dict) or set(given) <= set(known)
