"""Templates are compiled off the loop, soon after the start, and one that can't be keeps nobody from the others."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from admin.language import ENGLISH, Languages, load, spoken
from admin.pages import render
from admin.speaking import LANGUAGES
from tests.support.waiting import until


@pytest.mark.req("A3")
async def test_templates_are_compiled_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parts").mkdir()
    for name, text in (("parts/bad.html", "{% if %}"), ("parts/one.html", "one"), ("page.html", "page")):
        (tmp_path / name).write_text(text)
    made = Environment(loader=FileSystemLoader(tmp_path), autoescape=True)
    monkeypatch.setattr(render, "environment", lambda: made)
    monkeypatch.setattr(render, "STARTED_S", 0)
    app = web.Application()
    app[LANGUAGES] = Languages()
    running = render.ready(app)
    await anext(running)
    await until(lambda: made.cache is not None and len(made.cache) == 2, "both that can be compiled")
    await anext(running, None)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "templates"]


async def test_each_language_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text is part of what is compiled, so the readers of one language must never get what was made for another."""
    (tmp_path / "page.html").write_text("{{ _('Calls') }}, {% trans n='<' %}{{ n }} % of <b>all</b>{% endtrans %}")
    monkeypatch.setattr(render, "TEMPLATES", tmp_path)
    path = tmp_path / "locale/eo/LC_MESSAGES/messages.po"
    path.parent.mkdir(parents=True)
    text = 'msgid "Calls"\nmsgstr "Vokoj & <i>pli</i>"\n\nmsgid "%(n)s %% of <b>all</b>"\nmsgstr "el <b>%(n)s</b> %%"\n'
    path.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + text, encoding="utf-8")
    languages = load("en", tmp_path / "locale")
    render._environment.cache_clear()
    drawn = {}
    for _turn in range(2):
        for tag, language in languages.known.items():
            spoken.set(language)
            drawn[tag] = render.shared("page.html")
    spoken.set(ENGLISH)
    render._environment.cache_clear()
    assert drawn == {"en": "Calls, &lt; % of <b>all</b>", "eo": "Vokoj & <i>pli</i>, el <b>&lt;</b> %"}
