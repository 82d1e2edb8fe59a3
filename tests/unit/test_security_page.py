"""The security page names tests that exist, each item by a number of the standard."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.req("A2")
@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_named_test_exists(path: str, name: str) -> None:
    defined = ast.walk(ast.parse((ROOT / path).read_text()))
    assert name in {one.name for one in defined if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.req("A2")
def test_each_line_has_a_number_and_a_proof() -> None:
    lines = [line for line in PAGE.splitlines() if re.match(r"\| \d", line)]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"\| \d+\.\d+\.\d+", line), line
        assert "::test_" in line, line
    assert len(NAMED) > 35
