"""The language of a page: what a browser asks for, and the catalogues that are here."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin import language
from admin.language import ENGLISH, Language, Languages
from config.load import SettingsError
from dialer.cli import cli

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture(autouse=True)
def _in_english() -> None:
    language.spoken.set(ENGLISH)


def catalogue(folder: Path, tag: str, text: str) -> Path:
    path = folder / tag / "LC_MESSAGES/messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def languages(*tags: str, default: str = "en") -> Languages:
    known = {tag: Language(tag, ENGLISH.texts) for tag in ("en", *tags)}
    return Languages(known[default], known)


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, de;q=0.9", "de"),
        ("de;q=0.1, en", "en"),
        ("PT-br", "pt-BR"),
        ("fr, en;q=0.5", "en"),
        ("fr", "de"),
        ("en;q=0, fr", "de"),
        ("", "de"),
        ("*", "de"),
        ("en;q=much, ;;,", "de"),
        ("de;q=0, " + "x," * 10_000 + "en", "de"),
    ],
)
def test_a_browser_gets_the_nearest_that_is_here_or_else_the_default(accept: str, found: str) -> None:
    assert languages("de", "pt-BR", default="de").wanted(accept).tag == found


def test_a_catalogue_is_a_file_that_is_read_as_it_stands(tmp_path: Path) -> None:
    catalogue(tmp_path, "pt_BR", 'msgid "Calls"\nmsgstr "Chamadas"\n\n#, fuzzy\nmsgid "Texts"\nmsgstr "?"\n')
    found = language.load("pt-BR", tmp_path)
    language.spoken.set(found.wanted("pt"))
    assert found.default.tag == "pt-BR"
    assert [language._("Calls"), language._("Texts"), language.said("Calls"), language.said("")] == [
        "Chamadas", "Texts", "Chamadas", "",
    ]  # fmt: skip


def test_a_plural_has_the_forms_of_its_language(tmp_path: Path) -> None:
    plural = 'msgid "%(num)s call"\nmsgid_plural "%(num)s calls"\nmsgstr[0] "a"\nmsgstr[1] "b %(num)s"\nmsgstr[2] "c %(num)s"\n'
    catalogue(tmp_path, "pl", plural)
    assert language.ngettext("%(num)s call", "%(num)s calls", 1234) == "1,234 calls"
    language.spoken.set(language.load("en", tmp_path).wanted("pl"))
    assert [language.ngettext("%(num)s call", "%(num)s calls", number) for number in (1, 3, 1005)] == [
        "a",
        "b 3",
        "c 1,005",
    ]


def test_a_translation_that_would_break_its_page_stays_english(tmp_path: Path) -> None:
    text = '#, python-format\nmsgid "Step %(name)s"\nmsgstr "Schritt %(nome)s"\n\nmsgid "Calls"\nmsgstr "Anrufe"\n'
    catalogue(tmp_path, "de", text)
    language.spoken.set(language.load("en", tmp_path).wanted("de"))
    assert language._("Step %(name)s", name="one") == "Step one"
    assert language._("Calls") == "Anrufe"


def test_a_default_without_a_catalogue_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"http.language: 'xx' has no catalogue; take one of en"):
        language.load("xx")


def test_a_catalogue_that_can_not_be_read_stops_the_start_and_is_named(tmp_path: Path) -> None:
    path = catalogue(tmp_path, "de", "msgid broken")
    with pytest.raises(SettingsError, match=str(path)):
        language.load("en", tmp_path)


def test_the_server_says_what_is_wrong_with_its_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_DATABASE__URL", f"sqlite+aiosqlite:///{tmp_path}/dialer.db")
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DIALER_HTTP__LANGUAGE", "xx")
    told = CliRunner().invoke(cli, ["serve"])
    assert told.exit_code == 2
    assert "setting http.language: 'xx' has no catalogue; take one of en" in told.stderr
