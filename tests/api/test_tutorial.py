"""What the tutorial lets people save and says that they will see, against the API."""

import json
import re
from pathlib import Path

import pytest

from tests.api.conftest import Server
from tests.api.test_sources import CSV
from tests.api.test_uploads import imported

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial/first-campaign.md"


@pytest.mark.req("K5", "S2")
async def test_the_first_campaign_goes_as_it_is_written(server: Server) -> None:
    strategy, people, refused = re.findall(
        r"```(?:json)?\n(\{\"format.*?|first_name.*?)```", TUTORIAL.read_text(), re.DOTALL
    )
    path = f"/campaigns/{(await server.campaign())['id']}"
    await server.ok("PUT", f"{path}/strategy", json=json.loads(strategy))
    source = await server.ok(
        "POST", f"{path}/sources?name=people.csv&region=US", 202, data=people.encode(), headers=CSV
    )
    told = await imported(server, path, source["id"])
    assert (told["created"], told["refused"]) == (4, 1)
    response = await server.call("GET", f"{path}/sources/{source['id']}/refused.csv")
    assert (await response.text()).replace("\r\n", "\n").removeprefix("\ufeff") == refused
