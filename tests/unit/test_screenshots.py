"""The pictures of the documentation: each is taken by a browser test, and shown somewhere."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from docs.screenshots import FOLDER, IMAGES, TEST

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


def test_every_image_is_taken_by_the_test() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == set(IMAGES)
    taken = re.findall(r'picture\(page, "docs-(\w+)"\)', (ROOT / TEST).read_text())
    assert sorted(taken) == sorted(IMAGES)


def test_every_image_is_shown_and_has_words() -> None:
    shown = {
        match
        for page in PAGES
        for match in re.findall(r"!\[[^\]]+\]\([./]*(?:docs/)?images/([\w.]+)\)", page.read_text())
    }
    assert {path.name for path in FOLDER.iterdir()} == shown


def test_the_drawing_is_read_without_anything_else() -> None:
    text = (FOLDER / "architecture.svg").read_text()
    root = ET.fromstring(text)
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert "<script" not in text
    assert re.findall(r'(?:href|src)="', text) == []
    x, y, width, height = map(float, root.attrib["viewBox"].split())
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        box = [float(rect.attrib[name]) for name in ("x", "y", "width", "height")]
        assert box[0] >= x
        assert box[0] + box[2] <= width
        assert box[1] >= y
        assert box[1] + box[3] <= height
