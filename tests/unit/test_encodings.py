"""Encodings that nobody named are told from the content, and never without being sure that it is not UTF-8."""

from pathlib import Path

import pytest

from dialer.intake.encodings import DETECTED, ENCODINGS, detect_encoding

PEOPLE = {
    "German": ("windows-1252", "Jürgen;Müller;Köln;Größe\nBjörn;Weiß;Düsseldorf;5 €"),
    "French": ("windows-1252", "François;Lefèvre;Orléans\nHélène;Dupré;Nîmes"),
    "Polish": ("windows-1250", "Łukasz;Wiśniewski;Łódź\nMałgorzata;Dąbrowska;Gdańsk\nPaweł;Wójcik;Poznań"),
    "Polish on Unix": ("iso-8859-2", "Łukasz;Wiśniewski;Łódź\nMałgorzata;Dąbrowska;Gdańsk\nPaweł;Wójcik;Poznań"),
    "Czech": ("windows-1250", "Jiří;Dvořák;Plzeň\nŽaneta;Šťastná;Třebíč"),
    "Russian": ("windows-1251", "Иван;Петров;Москва\nЕкатерина;Соколова;Санкт-Петербург"),
    "one Russian": ("windows-1251", "Иван"),
    "Russian on Unix": ("iso-8859-5", "Иван;Петров;Москва\nЕкатерина;Соколова;Санкт-Петербург"),
    "Greek": ("windows-1253", "Γιώργος;Παπαδόπουλος;Αθήνα\nΕλένη;Δημητρίου;Θεσσαλονίκη"),
    "Turkish": ("windows-1254", "Ayşe;Yılmaz;İstanbul\nÇağlar;Öztürk;Eskişehir\nGülşah;Işık;Muğla"),
    "Hebrew": ("windows-1255", "יוסי;כהן;תל אביב\nרחל;לוי;חיפה"),
    "Arabic": ("windows-1256", "محمد;أحمد;القاهرة\nفاطمة;علي;الإسكندرية"),
    "Latvian": ("windows-1257", "Jānis;Bērziņš;Rīga\nŽanete;Kalniņa;Liepāja"),
}


@pytest.mark.req("K5")
@pytest.mark.parametrize("language", PEOPLE)
@pytest.mark.parametrize("deep", [0, 20_000])
def test_the_encoding_is_told_from_the_content_wherever_it_stands(tmp_path: Path, language: str, deep: int) -> None:
    encoding, text = PEOPLE[language]
    path = tmp_path / "people"
    path.write_bytes(b"phone;name\n" + b"+12025550123;Ann\n" * deep + text.encode(encoding) + b"\n")
    detected = detect_encoding(path)
    assert text.encode(encoding).decode(detected) == text


@pytest.mark.req("K5")
def test_what_is_detected_can_be_named_too() -> None:
    assert set(DETECTED) < set(ENCODINGS)


@pytest.mark.req("K6")
def test_a_file_of_every_byte_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(1, 256)) * 1_000)
    assert detect_encoding(path) == "utf-8"  # to which the reader then holds it


@pytest.mark.req("K6")
def test_a_large_file_is_looked_at_in_a_moment_and_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes("+12025550123;Jürgen Müller;Köln\n".encode("windows-1252") * 1_000_000)
    assert detect_encoding(path) == "windows-1252"
