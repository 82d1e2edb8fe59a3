import platform
import shutil
from pathlib import Path

import pytest

from asterisk.lab import distribution, install


@pytest.fixture(autouse=True)
def _nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_CACHE", str(tmp_path))
    monkeypatch.setattr(distribution, "in_path", lambda: None)


def test_another_system_is_told_the_alternatives(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "fedora", "NAME": "Fedora Linux"})
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert install.main() == 1
    said = capsys.readouterr().err
    assert "Fedora Linux, not Debian" in said
    assert "dialer serve" in said


def test_a_system_without_apt_is_told_the_alternatives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert install.main() == 1
    assert "no apt" in capsys.readouterr().err


def test_a_broken_kept_tarball_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "asterisk").mkdir()
    (tmp_path / "asterisk/asterisk-22.tar.gz").write_bytes(b"no tarball")
    assert install.main() == 1
    assert "cannot be read" in capsys.readouterr().err
