"""The pages of the API: every operation with an example, every problem with what to do, and nothing for strangers."""

import re
import shlex
from typing import Any

import pytest

from admin import errors
from admin.api.routes import operations
from admin.document import document
from admin.openapi import BASE
from admin.pages import api
from admin.problems import PROBLEMS, slug, type_of
from tests.api.conftest import Server
from tests.api.test_pages import Browser, manager

__all__ = ("manager",)
pytestmark = pytest.mark.req("A1", "A3")


async def test_every_operation_and_every_schema_stands_there(manager: Browser) -> None:
    text = await manager.get("/api")
    whole = document(operations())
    for path, methods in whole["paths"].items():
        for one in methods.values():
            assert f'id="{one["operationId"]}"' in text, path
    assert text.count("<details") - 1 == sum(map(len, whole["paths"].values())), "and the menu"
    targets = set(re.findall(r'href="#([^"]+)"', text))
    assert targets <= set(re.findall(r'id="([^"]+)"', text)), "each link leads somewhere"
    assert 'href="/api"' in await manager.get("/campaigns")


def test_each_example_is_one_command_whose_body_is_json() -> None:
    whole = document(operations())
    for path, methods in whole["paths"].items():
        for method, one in methods.items():
            words = shlex.split(api._curl(method.upper(), path, one, whole["components"]["schemas"]))
            assert words[:2] == ["curl", "-sS"]
            assert f"$API{path.removeprefix(BASE)}" in words


async def test_an_example_is_taken_as_it_stands(server: Server) -> None:
    whole = document(operations())
    schemas = whole["components"]["schemas"]
    for path in ("/campaigns", "/contact-fields"):
        schema = whole["paths"][BASE + path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        example: dict[str, Any] = api._example(schema, schemas)
        response = await server.call("POST", path, json=example)
        assert response.status in {201, 422}, await response.text()
        assert set(example) == set(schemas[schema["$ref"].rpartition("/")[2]].get("required", ()))


async def test_each_problem_leads_to_what_it_means(server: Server, manager: Browser) -> None:
    text = await manager.get("/api/problems")
    for title in PROBLEMS:
        assert f'id="{slug(title)}"' in text
    problem = await server.refused("POST", "/campaigns", 422, json={"title": ""})
    assert problem["type"] == "/api/problems#invalid-input"


def test_every_title_that_there_is_has_its_meaning() -> None:
    used = {
        *((title, status) for status, title in errors._TITLES.items()),
        *((t, s) for s, t in errors._DOMAIN.values()),
    }
    assert used | {("Refused", 422)} == {(title, one.status) for title, one in PROBLEMS.items()}
    assert type_of("Something else") == "about:blank"


@pytest.mark.req("A2")
async def test_strangers_log_in_first(server: Server) -> None:
    assert (await server.refused("GET", "/campaigns", 401, role=None))["type"] == "/api/problems#not-logged-in"
    for path in ("/api", "/api/problems"):
        response = await server.client.get(path, allow_redirects=False)
        assert (response.status, response.headers["Location"].partition("?")[0]) == (303, "/login")
