"""Contact files over the API, and what comes of them."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import func, select

from dialer.operations import importing
from dialer.store.tables import channel_address, contact, enrollment, source
from tests.api.conftest import Server, fields_of

CSV = {"Content-Type": "text/csv"}
PEOPLE = "phone,first_name,city\n+4930123456,Ann,Bonn\n+4930123457,Bob,Köln\n030 123458,Cy,\nno number,Dee,Ulm\n"


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


def big(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


async def load(server: Server, path: str, text: str = PEOPLE) -> dict[str, Any]:
    """Upload, import, and the source as it is then."""
    made = await server.ok("POST", f"{path}/sources?name=people.csv", 202, data=text.encode(), headers=CSV)
    await importing.run(server.ctx, made["id"])
    done: dict[str, Any] = await server.ok("GET", f"{path}/sources/{made['id']}")
    return done


async def stored(server: Server) -> dict[str, int]:
    async with server.ctx.db.read() as tx:
        tables = (source, contact, channel_address, enrollment)
        return {t.name: int(await tx.scalar(select(func.count()).select_from(t)) or 0) for t in tables}


REASON = {
    "reason": "phone: … contains …, which does not belong in a phone number",
    "remedy": "use digits with a leading +",
    "example": "phone: 'no number' contains 'n', which does not belong in a phone number",
}


def kept_files(server: Server) -> list[Path]:
    return list((server.ctx.settings.data_dir / "uploads").glob("*"))


@pytest.mark.req("K5", "K8")
async def test_a_file_becomes_contacts(server: Server, path: str) -> None:
    made = await server.ok("POST", f"{path}/sources?name=people.csv", 202, data=PEOPLE.encode(), headers=CSV)
    assert (made["kind"], made["name"], made["state"], made["progress"]) == ("csv", "people.csv", "pending", 0.0)
    assert ("source", None) in server.engine.told
    assert (await server.ok("GET", f"{path}/sources"))["items"] == [made]
    await importing.run(server.ctx, made["id"])
    done = await server.ok("GET", f"{path}/sources/{made['id']}")
    counted = {name: done[name] for name in ("state", "rows", "created", "merged", "refused", "progress", "error")}
    assert counted == {
        "state": "done", "rows": 4, "created": 3, "merged": 0, "refused": 1, "progress": 1.0, "error": None,
    }  # fmt: skip
    assert (await server.ok("GET", path))["contacts"]["total"] == 3
    assert kept_files(server) == []


@pytest.mark.req("K5")
async def test_a_form_with_a_mapping(server: Server, path: str) -> None:
    form = FormData(quote_fields=False)  # as browsers do
    form.add_field("mapping", json.dumps({"Handy": "mobile", "Secret": None}))
    form.add_field("file", b"Handy;Secret;Vorname\n+4915112345678;x;Ann\n", filename="C:\\Users\\me\\leute.csv")
    made = await server.ok("POST", f"{path}/sources", 202, data=form)
    assert made["name"] == "leute.csv"
    await importing.run(server.ctx, made["id"])
    (found,) = (await server.ok("GET", f"{path}/contacts"))["items"]
    assert found["addresses"] == [
        {"channel": "voice", "address": "+4915112345678"},
        {"channel": "sms", "address": "+4915112345678"},
    ]
    assert found["attributes"] == {"vorname": "Ann"}


@pytest.mark.req("K5")
async def test_utf16_is_read(server: Server, path: str) -> None:
    content = "phone\tfirst_name\n+4930123456\tJürgen\n".encode("utf-16")
    made = await server.ok("POST", f"{path}/sources", 202, data=content, headers=CSV)
    await importing.run(server.ctx, made["id"])
    assert (await server.ok("GET", f"{path}/contacts"))["items"][0]["first_name"] == "Jürgen"


@pytest.mark.req("K5")
async def test_a_preview_stores_nothing(server: Server, path: str) -> None:
    found = await server.ok("POST", f"{path}/sources/preview", data=PEOPLE.encode(), headers=CSV)
    assert found == {
        "encoding": "utf-8",
        "delimiter": ",",
        "header": True,
        "columns": ["phone", "first_name", "city"],
        "fields": {"phone": "phone", "first_name": "first_name", "city": found["fields"]["city"]},
        "sample_rows": found["sample_rows"],
        "rows": 4,
        "refused": 0,
        "sheet": None,
        "sheets_left_out": [],
        "region": None,
        "time_zone": None,
        "remembered": False,
        "errors": [],
        "counts": {
            "rows": 4,
            "complete": True,
            "created": 3,
            "merged": 0,
            "refused": 1,
            "reasons": [{**REASON, "rows": 1, "line": 5}],
            "notes": [],
        },
    }
    assert found["sample_rows"][0] == ["+4930123456", "Ann", "Bonn"]
    assert await stored(server) == {"source": 0, "contact": 0, "channel_address": 0, "enrollment": 0}
    assert kept_files(server) == []


@pytest.mark.req("K6")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"phone\n",
        b"PK\x03\x04" + b"\x00" * 200,
        b"phone\n+4930123\x00456\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"name\nAnn\n",
        b'phone,name\n+4930123456,"never closed\n' + b"x,y\n" * 1000,
        b"phone,note\n+4930123456," + b"x" * 1_000_000 + b"\n",
        "phone,n\n1,ü\n2,".encode() + b"\xfc\n",
    ],
    ids=["empty", "blank", "no rows", "zip", "NUL", "picture", "no numbers", "open quote", "1 MB field", "no encoding"],
)
async def test_a_broken_file_leaves_nothing_behind(server: Server, path: str, content: bytes) -> None:
    for place in ("sources", "sources/preview"):
        problem = await server.refused("POST", f"{path}/{place}", 422, data=big(content), headers=CSV)
        assert {field.partition(".")[0] for field in fields_of(problem)} <= {"file", "mapping"}
    assert await stored(server) == {"source": 0, "contact": 0, "channel_address": 0, "enrollment": 0}
    assert kept_files(server) == []


@pytest.mark.req("K6")
async def test_hostile_numbers_are_refused_row_by_row(server: Server, path: str) -> None:
    cells = [
        "=cmd|'/c calc'!A1",
        "+49301\u202e234",
        "٠١٢٣",
        "+" * 500,
        "9" * 500,
        "+4930123456\r\nVariable: x",
        "' OR 1=1 --",
    ]
    file = io.StringIO()
    csv.writer(file).writerows([["phone"], *([cell] for cell in cells), ["+4930123456"]])
    done = await load(server, path, file.getvalue())
    assert done["state"] == "done"
    found = (await server.ok("GET", f"{path}/contacts"))["items"]
    numbers = {address["address"] for item in found for address in item["addresses"]}
    assert all(number.removeprefix("+").isascii() and number[1:].isdigit() for number in numbers)
    assert "+4930123456" in numbers


@pytest.mark.req("K5")
async def test_refused_rows_come_back_with_their_reason(server: Server, path: str) -> None:
    text = 'phone,name\n+4930123456,Ann\nnone,"=HYPERLINK(""http://evil"")"\n-1,+1+1\n+0,\t@SUM(A1)\n12,Bob,=1+1,more\n'
    done = await load(server, path, text)
    assert done["refused"] == 4
    response = await server.call("GET", f"{path}/sources/{done['id']}/refused.csv")
    assert response.status == 200
    assert response.content_type == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    header, *rows = csv.reader(io.StringIO(await response.text()))
    assert header == ["phone", "name", "line", "reason", "remedy"]
    assert [row[:3] for row in rows] == [
        ["none", '\'=HYPERLINK("http://evil")', "3"],
        ["-1", "'+1+1", "4"],
        ["+0", "'\t@SUM(A1)", "5"],
        ["12", "Bob", "6"],
    ]
    assert rows[1][3].endswith("does not belong in a phone number")
    assert rows[1][4:] == ["use digits with a leading +"]
    assert all(row[3] and row[4] for row in rows)
    assert rows[3][5:] == ["'=1+1", "more"], "cells beyond the columns shift nothing"


@pytest.mark.req("K6")
async def test_more_than_the_setting_allows_is_refused(server: Server, path: str) -> None:
    content = b"phone\n" + b"+4930123456\n" * 100_000
    await server.refused("POST", f"{path}/sources", 413, data=big(content), headers=CSV)

    async def without_length() -> Any:
        for start in range(0, len(content), 50_000):
            yield content[start : start + 50_000]

    await server.refused("POST", f"{path}/sources", 413, data=without_length(), headers=CSV)
    form = FormData()
    form.add_field("file", big(content), filename="big.csv")
    await server.refused("POST", f"{path}/sources", 413, data=form)
    assert kept_files(server) == []


async def test_forms_that_are_none(server: Server, path: str) -> None:
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    for headers, body, status in (
        ({"Content-Type": "multipart/form-data"}, b"x", 400),
        (multipart, b"nonsense", 400),
        (multipart, b"--x\r\n\r\n\r\n--x--\r\n", 400),
        (multipart, b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\na\r\n--x--\r\n', 400),
        (multipart, b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nphone', 400),
        (multipart, b"--x--\r\n", 400),
        (multipart, b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x01"\r\n\r\na\r\n--x--\r\n', 400),
        ({"Content-Type": "application/json"}, b"{}", 415),
    ):
        await server.refused("POST", f"{path}/sources", status, data=body, headers=headers)
    assert kept_files(server) == []
    assert (await stored(server))["source"] == 0


@pytest.mark.parametrize("mapping", ["5", "[]", "{", '{"phone": 5}', '{"gone": "phone"}', '{"phone": {"a": 1}}', "NaN"])
async def test_a_mapping_that_is_none(server: Server, path: str, mapping: str) -> None:
    problem = await server.refused(
        "POST", f"{path}/sources", 422, params={"mapping": mapping}, data=PEOPLE.encode(), headers=CSV
    )
    assert {field.partition(".")[0] for field in fields_of(problem)} == {"mapping"}
    assert kept_files(server) == []


@pytest.mark.req("K6", "K7")
@pytest.mark.parametrize("place", ["sources", "sources/preview", "uploads", "contacts"])
async def test_a_packed_body_is_refused_because_nobody_would_notice_that_it_was_cut(
    server: Server, path: str, place: str
) -> None:
    rows = b"phone\n" + b"".join(b"+4930%d\n" % number for number in range(1_000_000, 1_020_000))
    headers = {"Content-Type": "application/json" if place == "contacts" else "text/csv", "Content-Encoding": "gzip"}
    whole = gzip.compress(rows)
    for body in (whole, whole[: len(whole) // 2]):
        problem = await server.refused("POST", f"{path}/{place}", 415, data=body, headers=headers)
        assert "unpacked" in problem["detail"]
    assert (await server.ok("GET", f"{path}/sources"))["items"] == []


async def test_names_are_checked(server: Server, path: str) -> None:
    problem = await server.refused("POST", f"{path}/sources?name=a%00b", 422, data=PEOPLE.encode(), headers=CSV)
    assert fields_of(problem) == {"name"}


@pytest.mark.req("K8")
async def test_a_source_is_removed_with_all_that_it_brought(server: Server, path: str) -> None:
    waiting = await server.ok("POST", f"{path}/sources", 202, data=PEOPLE.encode(), headers=CSV)
    one = f"{path}/sources/{waiting['id']}"
    problem = await server.refused("DELETE", one, 409)
    assert "cancel it first" in problem["detail"]
    await importing.run(server.ctx, waiting["id"])
    assert await server.ok("GET", f"{one}/removal") == {"leave": 3, "deleted": 3, "changed": 0, "kept": {}}
    assert (await server.call("DELETE", one)).status == 204
    assert await stored(server) == {"source": 0, "contact": 0, "channel_address": 0, "enrollment": 0}
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/removal"), ("POST", "/cancel")):
        await server.refused(method, one + rest, 404)


@pytest.mark.req("K8")
async def test_what_stays_of_a_removed_source_is_told(server: Server, path: str) -> None:
    done = await load(server, path)
    other = f"/campaigns/{(await server.campaign())['id']}"
    await server.ok("POST", f"{other}/contacts", json={"phone": "+4930123456"})
    assert (await server.ok("GET", f"{path}/sources/{done['id']}/removal"))["kept"] == {"shared": 1}
    removed = await server.ok("DELETE", f"{path}/sources/{done['id']}")
    assert (removed["state"], removed["kept"]) == ("removed", {"shared": 1})
    await server.refused("DELETE", f"{path}/sources/{done['id']}", 409)
    assert (await server.ok("GET", path))["contacts"]["total"] == 0


@pytest.mark.req("K8")
async def test_an_import_is_cancelled_once(server: Server, path: str) -> None:
    waiting = await server.ok("POST", f"{path}/sources", 202, data=PEOPLE.encode(), headers=CSV)
    cancelled = await server.ok("POST", f"{path}/sources/{waiting['id']}/cancel")
    assert (cancelled["state"], cancelled["rows"]) == ("cancelled", 0)
    assert kept_files(server) == []
    await server.refused("POST", f"{path}/sources/{waiting['id']}/cancel", 409)
    await importing.run(server.ctx, waiting["id"])
    assert (await stored(server))["contact"] == 0


async def test_a_source_belongs_to_its_campaign(server: Server, path: str) -> None:
    done = await load(server, path)
    other = await server.campaign()
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/refused.csv")):
        await server.refused(method, f"/campaigns/{other['id']}/sources/{done['id']}{rest}", 404)
    await server.refused("GET", "/campaigns/999/sources", 404)
    await server.refused("POST", "/campaigns/999/sources", 404, data=b"phone\n1\n", headers=CSV)
