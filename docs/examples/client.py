"""A client of the API: a campaign from its contacts to its outcomes. `python client.py URL TOKEN campaign.json people.json`."""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
LONGEST_LINE = 16 << 20  # of the stream: the whole picture stands in one


class ProblemError(Exception):
    """What the server refused (RFC 9457): `errors` name the fields that are wrong.

    `retry_after_s`: when to come again, with 409, 429 and 503. A proxy may answer in words of its own: `type` is `about:blank` then.
    """

    def __init__(self, status: int, told: Json, retry_after_s: int | None) -> None:
        super().__init__(f"{status} {told.get('title', 'no answer of the dialer')}: {told.get('detail', '')}")
        self.status, self.retry_after_s = status, retry_after_s
        self.type: str = told.get("type", "about:blank")
        self.errors: Sequence[Mapping[str, str]] = told.get("errors", ())


class Client:
    """`async with Client("https://dialer.example", token) as client`."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._base = f"{url.rstrip('/')}/api/v1"
        self._http = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=60))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def create_campaign(self, key: str, **fields: Any) -> Json:
        """`key`: the same call again, after an answer that was lost, creates no second one."""
        return await self._call("POST", "/campaigns", json=fields, key=key)

    async def load(self, campaign_id: int, contacts: Sequence[Json], key: str) -> Json:
        """Up to 10,000 contacts; what became of each is in `items`."""
        return await self._call("POST", f"/campaigns/{campaign_id}/contacts", json=list(contacts), key=key)

    async def publish(self, campaign: Json) -> Json:
        """Only if nobody has changed it since it was read."""
        headers = {"If-Match": f'"{campaign["revision"]}"'}
        return await self._call("POST", f"/campaigns/{campaign['id']}/publish", headers=headers)

    async def campaign(self, campaign_id: int) -> Json:
        return await self._call("GET", f"/campaigns/{campaign_id}")

    async def follow(self) -> AsyncIterator[Json]:
        """The live picture, whenever it has changed. Ends with the connection: then ask again."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self._http.get(f"{self._base}/live", timeout=timeout, read_bufsize=LONGEST_LINE) as response:
            await _check(response)
            async for line in response.content:
                if line.startswith(b"data:"):
                    yield json.loads(line.removeprefix(b"data:"))

    async def wait(self, campaign_id: int) -> None:
        """Until all of its contacts are done. Nobody is asked again and again, but when something has changed."""
        while not await self._is_over(campaign_id):
            async for _picture in self.follow():
                if await self._is_over(campaign_id):
                    return
            await asyncio.sleep(1)  # the stream has ended, as when the server stops

    async def attempts(self, campaign_id: int, *, page: int = 100) -> AsyncIterator[Json]:
        """All of them, the oldest first, page by page."""
        query = {"filter": f"campaign_id:eq:{campaign_id}", "sort": "id", "limit": str(page)}
        while True:
            found = await self._call("GET", "/attempts", params=query)
            for attempt in found["items"]:
                yield attempt
            if not found["next_cursor"]:
                return
            query["cursor"] = found["next_cursor"]

    async def _is_over(self, campaign_id: int) -> bool:
        counts = (await self.campaign(campaign_id))["contacts"]
        return bool(counts["done"] + counts["stopped"] == counts["total"])

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Json:
        sent = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        async with self._http.request(method, self._base + path, json=json, params=params, headers=sent) as response:
            await _check(response)
            answer: Json = await response.json()
            return answer


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        try:
            told = await response.json(content_type=None)
        except ValueError:
            told = {}
        after = response.headers.get("Retry-After", "")
        raise ProblemError(
            response.status, told if isinstance(told, dict) else {}, int(after) if after.isdecimal() else None
        )


async def main(url: str, token: str, fields: Json, contacts: Sequence[Json]) -> None:
    """A campaign that is loaded, published and followed until all of its contacts are done."""
    run = str(uuid.uuid4())  # kept by whoever wants to repeat the calls after a crash
    async with Client(url, token) as client:
        campaign = await client.create_campaign(f"{run}-campaign", **fields)
        loaded = await client.load(campaign["id"], contacts, f"{run}-contacts")
        print(f"{loaded['created']} created, {loaded['merged']} merged, {loaded['refused']} refused")
        await client.publish(await client.campaign(campaign["id"]))
        await client.wait(campaign["id"])
        async for attempt in client.attempts(campaign["id"]):
            print(attempt["number"], attempt["outcome"])


if __name__ == "__main__":
    fields, people = (json.loads(Path(name).read_bytes()) for name in sys.argv[3:5])
    asyncio.run(main(sys.argv[1], sys.argv[2], fields, people))
