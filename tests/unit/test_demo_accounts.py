"""The demo's first login and token are those of the database that its server opens afterwards."""

import json
from pathlib import Path

import pytest

from demo import run
from demo.server import Server


@pytest.mark.req("A4")
async def test_the_accounts_of_a_new_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "RUN", tmp_path)
    login, token = await run._accounts(Server(tmp_path, {}))
    assert login.startswith("admin ")
    assert token.startswith("dlr_")
    assert json.loads((tmp_path / "access.json").read_text()) == {"login": login, "token": token}
    assert (tmp_path / "dialer.db").exists()
