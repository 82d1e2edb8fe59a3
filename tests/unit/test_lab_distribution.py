import tarfile
from pathlib import Path

import pytest

from asterisk.lab import distribution


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("22.10.1+dfsg", True),
        ("22.1.0", True),
        ("22.0.0", False),
        ("21.6.0", True),
        ("21.5.9", False),
        ("20.11.0", True),
        ("20.9.3", False),
        ("18.26.1", False),
        ("23.0.0", True),
        ("unknown", False),
    ],
)
def test_only_an_asterisk_that_knows_the_event_filters_is_new_enough(version: str, enough: bool):
    assert distribution.new_enough(version) is enough


def a_tree(folder: Path) -> Path:
    for name in ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/sbin/asterisk"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_a_kept_tarball_is_unpacked_when_the_tree_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIALER_CACHE", str(tmp_path))
    cache = distribution.cache_folder()
    cache.mkdir()
    with tarfile.open(cache / "asterisk-22.tar.gz", "w:gz") as archive:
        archive.add(a_tree(tmp_path / "made") / "usr", "usr")
    found = distribution.find()
    assert found is not None
    assert found.origin == str(cache / "tree")
    assert sorted(p.name for p in cache.iterdir()) == ["asterisk-22.tar.gz", "tree"]


def test_it_is_unpacked_by_a_python_that_knows_no_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Debian 12's own is 3.11.2; `tarfile` got its filters in 3.11.4."""
    extract = tarfile.TarFile.extractall
    monkeypatch.delattr(tarfile, "data_filter")

    def as_in_3_11_2(archive: tarfile.TarFile, path: Path) -> None:
        extract(archive, path)

    monkeypatch.setattr(tarfile.TarFile, "extractall", as_in_3_11_2)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(a_tree(tmp_path / "made") / "usr", "usr")
    distribution.unpack(tmp_path / "x.tar.gz", tmp_path / "tree")
    assert distribution.in_tree(tmp_path / "tree") is not None


def test_an_incomplete_tree_is_no_asterisk(tmp_path: Path):
    (a_tree(tmp_path) / "usr/sbin/asterisk").unlink()
    assert distribution.in_tree(tmp_path) is None


def test_a_broken_tarball_leaves_nothing_behind(tmp_path: Path):
    (tmp_path / "x.tar.gz").write_bytes(b"no tarball")
    with pytest.raises(tarfile.TarError):
        distribution.unpack(tmp_path / "x.tar.gz", tmp_path / "tree")
    assert [p.name for p in tmp_path.iterdir()] == ["x.tar.gz"]
