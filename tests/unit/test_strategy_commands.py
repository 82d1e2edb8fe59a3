"""`dialer strategy`: strategies go out to files and come in from them, and cases are played."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.settings import Settings
from dialer.cli import cli
from dialer.operations import campaigns
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from tests.support.databases import made_ready

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with a campaign, the settings of every command."""
    url = f"sqlite+aiosqlite:///{tmp_path}/dialer.db"
    monkeypatch.setenv("DIALER_DATABASE__URL", url)
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path))
    within(url, lambda ctx: campaigns.create(ctx, {"title": "Spring"}))
    return url


def within(url: str, work: Callable[[Context], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        await made_ready(url)
        db = Database(url)
        try:
            await upgrade(db)
            return await work(Context(db, Settings()))
        finally:
            await db.close()

    return asyncio.run(run())


def dialer(*words: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["strategy", *words])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


@pytest.mark.req("S6")
@pytest.mark.parametrize("form", ["yaml", "flow", "json"])
def test_a_strategy_goes_out_to_a_file_and_comes_back(url: str, tmp_path: Path, form: str) -> None:
    assert dialer("import", "1", str(DEMO / "strategy.json")).output == "deployed to campaign 1\n"
    file = tmp_path / "strategy"
    file.write_text(dialer("export", "1", "--format", form).output, encoding="utf-8")
    assert dialer("check", str(file)).output.endswith("the strategy can run\n")
    dialer("import", "1", str(file))
    assert dialer("export", "1", "--format", form).output == file.read_text(encoding="utf-8")
    assert within(url, lambda ctx: campaigns.get(ctx, 1)).strategy_version == 1, "nothing was lost and nothing is new"


@pytest.mark.req("S2")
def test_what_is_wrong_with_a_file_is_told_and_nothing_is_stored(url: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("format: campaign-strategy/1\nsteps: {in: {type: contact-in}, a: {type: call, ring_s: soon}}")
    assert "fault: a: ring_s: should be a whole number" in dialer("check", str(file), exit_code=1).output
    assert "nodes.a.ring_s" in dialer("import", "1", str(file), exit_code=1).stderr
    assert "no campaign with the id '7'" in dialer("export", "7", exit_code=1).stderr
    file.write_text("{")
    assert "is not JSON" in dialer("import", "1", str(file), exit_code=1).stderr
    assert "is not JSON" in dialer("check", str(file), exit_code=1).stderr
    assert "can't be read" in dialer("check", str(tmp_path / "gone"), exit_code=1).stderr
    assert within(url, lambda ctx: campaigns.get(ctx, 1)).strategy_version is None


def test_warnings_hinder_nothing(tmp_path: Path) -> None:
    tab, start = {"id": "t", "type": "tab"}, {"id": "in", "type": "campaign-contact-in", "z": "t", "wires": [["d"]]}
    file = tmp_path / "flow.json"
    file.write_text(json.dumps([tab, start, {"id": "d", "type": "debug", "z": "t"}]))
    assert "warning: d: type: a debug node does nothing" in dialer("check", str(file)).output


@pytest.mark.req("S6")
def test_cases_are_played_against_the_strategy_beside_them(tmp_path: Path) -> None:
    assert dialer("test", str(DEMO / "strategy.cases.yaml")).output.count("ok ") == 3
    (tmp_path / "strategy.json").write_bytes((DEMO / "strategy.json").read_bytes())
    text = (DEMO / "strategy.cases.yaml").read_text(encoding="utf-8")
    cases = tmp_path / "cases.yaml"
    cases.write_text(text.replace("at: 10:00:05", "at: 11:00"))
    failed = dialer("test", str(cases), exit_code=1)
    assert "is at 2026-05-04 10:00:05, not at 11:00" in failed.output
    assert failed.output.endswith("1 failed\n")
    cases.write_text(text.replace("strategy.json", "gone.json"))
    assert "can't be read" in dialer("test", str(cases), exit_code=1).stderr
    cases.write_text("strategy: x")
    assert "cases: is needed" in dialer("test", str(cases), exit_code=1).stderr
