"""The document describes the server: generated calls, right and wrong, are answered as it says, and never with a 5xx."""

import asyncio
import re
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks, positive_data_acceptance

from tests.api.conftest import Server
from tests.api.test_sources import load

EXAMPLES = 6
LONGEST_ADDRESS = 8_000
THERE = {
    "table": "steps",
    "campaign_id": 1,
    "contact_id": 1,
    "source_id": 1,
    "gateway_id": "carrier",
    "name": "plan",
    "entry_id": 1,
    "upload_id": "none",
    "offer_id": "none",
    "test_id": 1,
    "webhook_id": 1,
    "delivery_id": 1,
}
# What never ends, or ends what the others need.
LEFT_OUT = {
    GenerationMode.POSITIVE: re.compile(r"/live$|/end$"),
    GenerationMode.NEGATIVE: re.compile(
        r"/live$|/queues$|/openapi.json$"
    ),  # without input there is nothing to do wrong
}

load_all_checks()
# What is right by its form may still be refused for what it says: a queue that Asterisk does not have.
NOT_MEANT = [
    positive_data_acceptance,
    *(check for check in CHECKS.get_all() if check.__name__ == "missing_required_header"),
]


@pytest.mark.req("A1")
async def test_the_document_is_served_to_everybody(server: Server) -> None:
    document = await server.ok("GET", "/openapi.json", role=None)
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["operationId"], where
            assert any(status.startswith("2") for status in operation["responses"]), where
            if path != "/api/v1/openapi.json":
                assert {"401", "403"} <= set(operation["responses"]), where
    busy = document["paths"]["/api/v1/contacts"]["get"]["responses"]["503"]
    assert busy["headers"]["Retry-After"]
    assert "503" not in document["paths"]["/api/v1/campaigns"]["post"]["responses"]
    identifiers = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.req("A1")
async def test_every_route_of_the_api_is_documented(server: Server) -> None:
    document = await server.ok("GET", "/openapi.json", role=None)
    for route in server.client.app.router.routes():  # type: ignore[union-attr]
        path = route.resource.canonical if route.resource else ""
        if path.startswith("/api/v1/") and route.method != "HEAD":
            assert route.method.lower() in document["paths"][path], (route.method, path)


@pytest.mark.req("A1")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
async def test_generated_calls_are_answered_as_documented(server: Server, mode: GenerationMode) -> None:
    await server.runnable()
    await load(server, "/campaigns/1")
    await server.ok("POST", "/contact-fields", 201, json={"name": "plan"})
    document = await server.ok("GET", "/openapi.json", role=None)
    schema = schemathesis.openapi.from_dict(document)
    address = str(server.client.make_url("/")).rstrip("/")
    headers = {"Authorization": f"Bearer {server.tokens['manager']}"}
    operations = [found.ok() for found in schema.get_all_operations()]
    tried = 0
    for operation in operations:
        if not LEFT_OUT[mode].search(operation.path):
            await asyncio.to_thread(hammer, operation, mode, address, headers)
            tried += 1
    assert tried > 20


def hammer(operation: Any, mode: GenerationMode, address: str, headers: dict[str, str]) -> None:
    deletes = operation.method.upper() == "DELETE"
    turn = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        nonlocal turn
        turn += 1
        if mode is GenerationMode.POSITIVE and turn % 3 and not deletes:
            for name in case.path_parameters:
                case.path_parameters[name] = THERE[name]
        # A longer address is refused by the HTTP parser, before there is a request that could be answered.
        if len(requests.Request("GET", address, params=case.query).prepare().url or "") > LONGEST_ADDRESS:
            return
        case.call_and_validate(base_url=address, headers=headers, excluded_checks=NOT_MEANT)

    run()
