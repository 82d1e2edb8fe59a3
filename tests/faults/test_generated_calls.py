"""Generated calls at a real `dialer serve`, with its engine, its loops and its Asterisk: none is answered with a 500."""

import asyncio
import contextlib
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from dialer.operations import users
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.truth import people

# Each run tries some of the operations, by a seed that a failure shows.
EXAMPLES, EACH_TIME = 2, 20
LONGEST_ADDRESS = 8_000
# What never ends; and what waits for a stop to be seen everywhere, or makes passwords, for a second each time.
LEFT_OUT = re.compile(r"/live$|/end$|/unpublish$")
ANSWER_S = 60.0


@pytest.mark.req("A1", "A6")
async def test_no_generated_call_breaks_a_real_server(lab: Lab, tmp_path: Path) -> None:
    server = Server(tmp_path, lab)
    await server.start()
    campaign = await server.campaign(lab, people(30, (Callee.BUSY, Callee.ANSWER)), strategy(call()))
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    schema = schemathesis.openapi.from_dict(await server.ok("GET", "/openapi.json"))
    operations = [one for one in (found.ok() for found in schema.get_all_operations()) if may_be_tried(one)]
    seed = random.randrange(1 << 32)
    chosen = random.Random(seed).sample(operations, EACH_TIME)
    answers: Counter[tuple[str, int]] = Counter()
    headers = {"Authorization": f"Bearer {await token(server)}"}
    for operation in chosen:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            await asyncio.to_thread(hammer, operation, mode, server.address, headers, answers)
    assert {status for _, status in answers} & {200, 201, 202, 204, 404}, (seed, answers)
    assert not {one for one in answers if one[1] >= 500 and one[1] != 503}, (seed, answers)
    assert "request failed" not in server.words()
    assert (await server.call("GET", "/campaigns"))[0] == 200, "it is there still"
    await server.stop()


def may_be_tried(operation: Any) -> bool:
    return not LEFT_OUT.search(operation.path) and operation.method.upper() != "DELETE"


async def token(server: Server) -> str:
    async with server.context() as ctx:
        return await users.create_token(ctx, "generated", users.Role.MANAGER)


def hammer(
    operation: Any, mode: GenerationMode, address: str, headers: dict[str, str], answers: Counter[tuple[str, int]]
) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        for name, value in case.path_parameters.items():
            case.path_parameters[name] = 1 if isinstance(value, int) else value
        if len(requests.Request("GET", address, params=case.query).prepare().url or "") <= LONGEST_ADDRESS:
            status = case.call(base_url=address, headers=headers, timeout=ANSWER_S).status_code
            answers[operation.label, status] += 1

    with contextlib.suppress(Unsatisfiable):  # without input there is nothing to do wrong
        run()
