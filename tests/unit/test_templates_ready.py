"""Templates are compiled off the loop, soon after the start, and one that can't be keeps nobody from the others."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from admin.pages import render
from tests.support.waiting import until


@pytest.mark.req("A3")
async def test_templates_are_compiled_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parts").mkdir()
    for name, text in (("parts/bad.html", "{% if %}"), ("parts/one.html", "one"), ("page.html", "page")):
        (tmp_path / name).write_text(text)
    made = Environment(loader=FileSystemLoader(tmp_path), autoescape=True)
    monkeypatch.setattr(render, "environment", lambda: made)
    monkeypatch.setattr(render, "STARTED_S", 0)
    running = render.ready(web.Application())
    await anext(running)
    await until(lambda: made.cache is not None and len(made.cache) == 2, "both that can be compiled")
    await anext(running, None)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "templates"]
