"""The language of a page: what a browser asks for, and the catalogues that are here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po
from typer.testing import CliRunner

from admin import language
from admin.language import ENGLISH, Language, Languages
from admin.pages.trail_words import worded
from config.load import SettingsError
from dialer.cli import cli
from tests.support import pseudo

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    language.spoken.set(ENGLISH)
    yield
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
        "c 1\u00a0005",
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


GERMAN = {
    "Campaigns": "Kampagnen", "the link is down": "die Verbindung steht nicht", "not sent: %(why)s": "nicht gesendet: %(why)s",
    "busy": "besetzt", "Sending %(name)s …": "%(name)s wird gesendet …",
    ("%(num)s contact", "%(num)s contacts"): ("%(num)s Kontakt", "%(num)s Kontakte"),
    "%(outcome)s, try %(number)s of %(tries)s after %(delay)s": "%(outcome)s, Versuch %(number)s von %(tries)s nach %(delay)s",
}  # fmt: skip


@pytest.mark.parametrize("begun", ["copied", "init"])
def test_a_translator_goes_the_way_of_the_documentation(tmp_path: Path, begun: str) -> None:
    """From the texts as they are here (docs/how-to/translate-the-pages.md), copied or made by pybabel, with some of them translated."""
    path = tmp_path / "locale/de/LC_MESSAGES/messages.po"
    if begun == "copied":
        path.parent.mkdir(parents=True)
        path.write_bytes(pseudo.POT.read_bytes())
    else:
        command = ["pybabel", "--quiet", "init", "-i", str(pseudo.POT), "-d", str(tmp_path / "locale"), "-l", "de"]
        CommandLineInterface().run(command)
    with path.open("rb") as file:
        texts = read_po(file, locale="de")
    for text, told in GERMAN.items():
        found = texts.get(text if isinstance(text, str) else text[0])
        assert found is not None, text
        found.string = told
    with path.open("wb") as file:
        write_po(file, texts)
    language.spoken.set(language.load("de", tmp_path / "locale").wanted("de-AT, en;q=0.5"))
    assert [language.ngettext("%(num)s contact", "%(num)s contacts", number) for number in (0, 1, 1234)] == [
        "0 Kontakte", "1 Kontakt", "1.234 Kontakte",
    ]  # fmt: skip
    assert [language.figure(1234.5, 1), language._("Campaigns"), language._("Gateways")] == [
        "1.234,5",
        "Kampagnen",
        "Gateways",
    ]
    assert language.retold("not sent: the link is down") == "nicht gesendet: die Verbindung steht nicht"
    assert worded("busy, try 2 of 3 after 1h") == "besetzt, Versuch 2 von 3 nach 1h"
    assert language.spoken.get().scripted == {"Sending %(name)s …": "%(name)s wird gesendet …"}
