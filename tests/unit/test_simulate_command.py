"""`dialer simulate`: a dry run told in lines or as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bench import million
from dialer.cli import cli
from tests.support.simulated import EXACT
from tests.unit.test_strategy_commands import url

__all__ = ["url"]
pytestmark = pytest.mark.req("S7")


def simulate(*words: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["simulate", *words])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


@pytest.fixture
def exact(url: str, tmp_path: Path) -> str:
    """A file of assumptions; campaign 1 has three contacts."""
    million.fill(Path(url.partition("///")[2]), 1, 3, "2026-01-01 00:00:00.000000", entered=False)
    file = tmp_path / "exact.json"
    file.write_text(json.dumps(EXACT), encoding="utf-8")
    return str(file)


def test_the_summary_and_the_whole(exact: str) -> None:
    lines = simulate("--campaign", "1", "--assumptions", exact).output.splitlines()
    told = {line[:13].strip(): line[14:] for line in lines}
    assert told["contacts"] == "3, of which 3 reached"
    assert told["calls"] == "3, of which 3 connected to an agent"
    assert told["agents"] == "86% busy, 0.1 hours"  # three talks of a minute in three and a half
    assert told["result"] == "3 answered"
    whole: dict[str, Any] = json.loads(
        simulate("--campaign", "1", "--assumptions", exact, "--agents", "3", "--seed", "7", "--json").output
    )
    assert whole["agent_utilisation"] == round(60 / 70, 4)
    assert (whole["assumptions"]["agents"], whole["assumptions"]["seed"]) == (3, 7)


@pytest.mark.usefixtures("exact")
def test_what_never_finishes_says_so() -> None:
    output = simulate("--campaign", "1", "--agents", "0", "--days", "2").output
    assert "finishes      not within 2 days" in output
    assert "warning       There is no agent at any hour, so nobody can be called." in output
    assert "not reached   3: not through when the dry run's last day was over (not-in-time)" in output


@pytest.mark.usefixtures("exact")
def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    assert "agents: " in simulate("--campaign", "1", "--agents", "-1", exit_code=1).stderr
    assert "no campaign with the id '7'" in simulate("--campaign", "7", exit_code=1).stderr
    broken = tmp_path / "broken.json"
    broken.write_text("[", encoding="utf-8")
    assert "can't be read" in simulate("--campaign", "1", "--assumptions", str(broken), exit_code=1).stderr
