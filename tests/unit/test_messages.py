"""The file for translators has every text of the pages."""

import subprocess
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "admin/locale/messages.pot"


def texts(path: Path) -> set[str | tuple[str, ...]]:
    with path.open("rb") as file:
        catalogue: Catalog = read_po(file)
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue}


def test_it_has_the_texts_of_the_sources_and_no_others(tmp_path: Path) -> None:
    subprocess.run([ROOT / "setup/messages.sh", tmp_path / "now.pot"], check=True)
    now, committed = texts(tmp_path / "now.pot"), texts(COMMITTED)
    assert (now - committed, committed - now) == (set(), set()), "run `make messages` and commit admin/locale"
