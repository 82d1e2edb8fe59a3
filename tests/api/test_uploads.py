"""Files that are looked at before they are imported: previews, kept uploads, workbooks, what is said beside a file."""

import asyncio
import errno
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import phonenumbers
import pytest
from aiohttp import FormData
from sqlalchemy import select

from config.http import Http
from dialer.intake import examine
from dialer.operations import importing, pending, uploads
from dialer.store.tables import remembered_mapping, source
from tests.api.conftest import Server, fields_of
from tests.api.test_sources import CSV, kept_files, load, stored
from tests.support.waiting import until
from tests.support.workbooks import workbook

XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
NOTHING = {"source": 0, "contact": 0, "channel_address": 0, "enrollment": 0}
PEOPLE = "Rufnummer;Vorname;Ort\n030 123456;Ann;Bonn\n030 123457;Ben;Köln\nkeine;Cem;\n030/123456;Ann B.;Bonn\n"
BY_HAND = {"Rufnummer": "phone", "Vorname": "first_name", "Ort": "city"}


@pytest.fixture
def http_settings() -> Http:
    return Http(max_upload_mb=64)


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


async def keep(server: Server, path: str, content: str | bytes = PEOPLE, **more: Any) -> dict[str, Any]:
    data = content.encode() if isinstance(content, str) else content
    kept: dict[str, Any] = await server.ok("POST", f"{path}/uploads", 201, data=data, headers=CSV, **more)
    return kept


async def imported(server: Server, path: str, source_id: int) -> dict[str, Any]:
    await importing.run(server.ctx, source_id)
    found: dict[str, Any] = await server.ok("GET", f"{path}/sources/{source_id}")
    return found


def counted(counts: Mapping[str, Any]) -> tuple[int, int, int]:
    return counts["created"], counts["merged"], counts["refused"]


@pytest.mark.req("K5")
async def test_a_kept_upload_is_mapped_and_then_taken_without_being_sent_again(server: Server, path: str) -> None:
    kept = await keep(server, path, params={"name": "leute.csv"})
    assert kept["name"] == "leute.csv"
    first = kept["preview"]
    assert first["counts"] is None
    assert "no column holds addresses" in first["errors"][0]["reason"]
    assert first["fields"] == {"Rufnummer": "rufnummer", "Vorname": "vorname", "Ort": "ort"}
    assert first["sample_rows"][0] == ["030 123456", "Ann", "Bonn"]
    again = await server.ok("POST", f"{path}/uploads/{kept['id']}/preview", json={"mapping": BY_HAND})
    assert (again["errors"], again["counts"]["complete"], counted(again["counts"])) == ([], True, (2, 1, 1))
    assert again["counts"]["reasons"][0]["line"] == 4
    assert await stored(server) == NOTHING
    made = await server.ok("POST", f"{path}/sources?upload={kept['id']}", 202)
    assert (made["name"], made["kind"]) == ("leute.csv", "csv")
    done = await imported(server, path, made["id"])
    assert (done["state"], *counted(done)) == ("done", 2, 1, 1)
    assert (await server.ok("GET", f"{path}/uploads"))["items"] == []
    await server.refused("POST", f"{path}/sources?upload={kept['id']}", 404)
    assert kept_files(server) == []


@pytest.mark.req("K5")
async def test_a_kept_upload_waits_for_whoever_comes_back_and_can_be_discarded(server: Server, path: str) -> None:
    one, two = await keep(server, path), await keep(server, path)
    assert {item["id"] for item in (await server.ok("GET", f"{path}/uploads"))["items"]} == {one["id"], two["id"]}
    assert len(one["id"]) >= 20
    other = f"/campaigns/{(await server.campaign())['id']}"
    assert (await server.ok("GET", f"{other}/uploads"))["items"] == []
    for method, place, more in (
        ("POST", f"{other}/uploads/{one['id']}/preview", {"json": {}}),
        ("POST", f"{other}/sources?upload={one['id']}", {}),
        ("DELETE", f"{other}/uploads/{one['id']}", {}),
        ("DELETE", f"{path}/uploads/..%2F{one['id']}", {}),
        ("POST", f"{path}/sources?upload=../{one['id']}", {}),
    ):
        await server.refused(method, place, 404, **more)
    assert (await server.call("DELETE", f"{path}/uploads/{one['id']}")).status == 204
    assert [item["id"] for item in (await server.ok("GET", f"{path}/uploads"))["items"]] == [two["id"]]
    server.clock.advance(hours=1)
    assert (await server.ok("GET", f"{path}/uploads"))["items"] == []
    await server.refused("POST", f"{path}/sources?upload={two['id']}", 404)


@pytest.mark.req("K5", "K6")
async def test_what_nobody_came_back_for_is_removed_and_what_an_import_needs_is_not(server: Server, path: str) -> None:
    await keep(server, path)
    await server.ok("POST", f"{path}/sources", 202, data=b"phone\n+4930123456\n", headers=CSV)
    folder = uploads.uploads_folder(server.ctx)
    (folder / "left-by-a-killed-process.csv").write_bytes(b"phone\n")
    server.clock.now = server.clock.now.fromtimestamp(
        (folder / "left-by-a-killed-process.csv").stat().st_mtime, tz=server.clock.now.tzinfo
    )
    late = await keep(server, path)
    assert await pending.clean(server.ctx) == 0
    server.clock.advance(minutes=59)
    again = await keep(server, path)
    server.clock.advance(minutes=2)
    assert await pending.clean(server.ctx) >= 3
    async with server.ctx.db.read() as tx:
        needed = await tx.scalar(select(source.c.file))
    names = {file.name for file in kept_files(server)}
    assert needed in names
    assert f"{again['id']}.json" in names
    assert f"{late['id']}.json" not in names
    assert len(names) == 3


@pytest.mark.req("K5")
async def test_of_two_who_take_an_upload_one_gets_it(server: Server, path: str) -> None:
    kept = await keep(server, path, params={"mapping": '{"Rufnummer": "phone"}'})
    answers = await asyncio.gather(*(server.call("POST", f"{path}/sources?upload={kept['id']}") for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [202, 404, 404, 404]
    assert (await stored(server))["source"] == 1


@pytest.mark.req("K5")
async def test_an_upload_that_can_not_be_taken_stays(server: Server, path: str) -> None:
    kept = await keep(server, path)
    await server.refused("POST", f"{path}/sources?upload={kept['id']}", 422)
    assert len((await server.ok("GET", f"{path}/uploads"))["items"]) == 1
    assert await stored(server) == NOTHING


@pytest.mark.req("K5")
async def test_a_mapping_by_hand_is_proposed_for_the_next_file_of_the_same_shape(server: Server, path: str) -> None:
    told = {"mapping": {**BY_HAND, "Ort": None}, "region": "at", "time_zone": "Europe/Vienna"}
    kept = await keep(server, path)
    await server.ok("POST", f"{path}/uploads/{kept['id']}/preview", json=told)
    await server.ok("POST", f"{path}/sources?upload={kept['id']}", 202)
    content = "RUFNUMMER;vorname;ort\n0664 1234567;Eva;Wien\n"
    next_one = (await keep(server, path, content))["preview"]
    assert next_one["remembered"]
    assert next_one["fields"] == {"RUFNUMMER": "phone", "vorname": "first_name", "ort": "ignore"}
    assert (next_one["region"], next_one["time_zone"]) == ("AT", "Europe/Vienna")
    assert next_one["counts"]["created"] == 1
    otherwise = await keep(server, path, content, params={"mapping": '{"Rufnummer": "mobile"}'})
    assert otherwise["preview"]["fields"]["RUFNUMMER"] == "mobile"
    assert not (await keep(server, path, "Ort;Rufnummer;Vorname\nWien;1;Eva\n"))["preview"]["remembered"]


@pytest.mark.req("K5")
async def test_known_names_alone_are_not_worth_remembering(server: Server, path: str) -> None:
    await load(server, path, "phone,first_name\n+4930123456,Ann\n")
    async with server.ctx.db.read() as tx:
        assert (await tx.execute(select(remembered_mapping))).all() == []


@pytest.mark.req("K5")
async def test_the_counts_of_a_preview_are_those_of_the_import(server: Server, path: str) -> None:
    await load(server, path, "phone,email\n+4930111111,a@example.com\n+4930222222,\n")
    content = (
        "phone,mobile,email\n"
        "+4930111111,,\n"  # is there
        "+4930333333,+4915112345678,\n"  # new
        ",+49 151 12345678,\n"  # the one before, by its other number
        ",,A@Example.com\n"  # is there, by e-mail
        "+4930444444,,d@example.com\n"  # new
        "+4930555555,,D@example.com\n"  # the one before
        "+4930555555,,\n"  # and again
        "12,,\n,,\n,,nobody\n"  # refused; blank; refused
    )
    found = await server.ok("POST", f"{path}/sources/preview", data=content.encode(), headers=CSV)
    before = await stored(server)
    done = await load(server, path, content)
    assert before["contact"] == 2
    assert counted(found["counts"]) == counted(done) == (2, 5, 2)


@pytest.mark.req("K5", "K6")
async def test_a_long_file_is_counted_at_its_beginning_and_says_so(server: Server, path: str) -> None:
    rows = "".join(f"+4930{1_000_000 + n},Ann\n" for n in range(21_000))
    found = await server.ok("POST", f"{path}/sources/preview", data=f"phone,name\n{rows}".encode(), headers=CSV)
    assert (found["rows"], found["counts"]["rows"], found["counts"]["complete"]) == (21_000, 20_000, False)
    assert found["counts"]["created"] == 20_000
    assert await stored(server) == NOTHING


@pytest.mark.req("K5")
async def test_what_is_said_in_a_form_is_taken(server: Server, path: str) -> None:
    form = FormData(quote_fields=False)
    for name, value in {
        "region": "fr", "time_zone": "Europe/Paris", "encoding": "cp1252", "delimiter": "tab", "header": "false",
        "mapping": '{"column_2": "first_name"}', "csrf": "x",
    }.items():  # fmt: skip
        form.add_field(name, value)
    form.add_field("file", "01 42 68 53 00\tHélène\n".encode("cp1252"), filename="gens.txt")
    made = await server.ok("POST", f"{path}/sources", 202, data=form)
    async with server.ctx.db.read() as tx:
        mapping = await tx.scalar(select(source.c.mapping))
    assert (mapping["region"], mapping["time_zone"]) == ("FR", "Europe/Paris")
    assert (mapping["shape"]["encoding"], mapping["shape"]["delimiter"], mapping["shape"]["header"]) == (
        "windows-1252", "\t", False,
    )  # fmt: skip
    assert mapping["columns"] == {"column_2": "first_name"}
    assert made["rows"] == 0


@pytest.mark.req("K5", "K6")
@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ({"region": "XX"}, {"region"}),
        ({"time_zone": "Mars/Olympus"}, {"time_zone"}),
        ({"time_zone": "../../etc/passwd"}, {"time_zone"}),
        ({"encoding": "rot13"}, {"encoding"}),
        ({"delimiter": "x"}, {"delimiter"}),
        ({"delimiter": "xxxx"}, {"delimiter"}),
        ({"header": "maybe"}, {"header"}),
        ({"region": "QQ", "time_zone": "Nowhere", "delimiter": "?"}, {"region", "time_zone", "delimiter"}),
    ],
)
async def test_what_is_said_is_checked_at_its_field(
    server: Server, path: str, told: dict[str, str], fields: set[str]
) -> None:
    body = b"phone\n+4930123456\n"
    for place in ("sources", "sources/preview", "uploads"):
        assert (
            fields_of(await server.refused("POST", f"{path}/{place}", 422, params=told, data=body, headers=CSV))
            == fields
        )
        form = FormData()
        for name, value in told.items():
            form.add_field(name, value)
        form.add_field("file", body, filename="x.csv")
        assert fields_of(await server.refused("POST", f"{path}/{place}", 422, data=form)) == fields
    assert await stored(server) == NOTHING
    assert kept_files(server) == []


@pytest.mark.req("K5")
async def test_a_workbook_is_previewed_kept_and_imported(server: Server, path: str) -> None:
    rows = [["Phone", "First name", "Born"], [4915112345678.0, "Anna", "x"], [], ["12", "Bob", None]]
    content = workbook({"Cover": [], "People": rows, "Old": [["a"]]})
    found = await server.ok("POST", f"{path}/sources/preview", data=content, headers=XLSX)
    assert (found["sheet"], found["sheets_left_out"]) == ("People", ["Old"])
    assert found["sample_rows"][0] == ["4915112345678", "Anna", "x"]
    assert counted(found["counts"]) == (1, 0, 1)
    assert kept_files(server) == []
    kept = await keep(server, path, content)
    assert kept["preview"]["sheet"] == "People"
    again = await server.ok("POST", f"{path}/uploads/{kept['id']}/preview", json={"mapping": {"Born": None}})
    assert (again["sheet"], again["fields"]["Born"]) == ("People", "ignore")
    made = await server.ok("POST", f"{path}/sources?upload={kept['id']}", 202)
    done = await imported(server, path, made["id"])
    assert (done["state"], *counted(done)) == ("done", 1, 0, 1)
    refused = await (await server.call("GET", f"{path}/sources/{made['id']}/refused.csv")).text()
    assert "12,Bob,,4," in refused, "the line is the row that Excel shows"
    direct = await server.ok("POST", f"{path}/sources", 202, data=content, headers=XLSX)
    assert (await imported(server, path, direct["id"]))["merged"] == 1
    assert kept_files(server) == []


def bomb() -> bytes:
    out = io.BytesIO(workbook({"P": [["phone"], ["+4930123456"]]}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/zeros.xml", "w") as file:
        for _ in range(80):
            file.write(bytes(16 << 20))
    return out.getvalue()


def wide() -> bytes:
    """Two cells, in the first and in the last place of a sheet: seventeen thousand million cells for who fills it up."""
    content = workbook({"P": [["phone"], ["+4930123456"]]})
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'r="A2"', b'r="XFD1048576"').replace(b'r="2"', b'r="1048576"'))
    return out.getvalue()


def others() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("people.csv", PEOPLE)
    return out.getvalue()


BAD: dict[str, tuple[Any, str]] = {
    "NUL bytes": (b"phone\n+4930123\x00456\n", "line 2 contains a NUL byte"),
    "a lone quote": (b'phone,name\n+4930123456,"Ann\n' + b"+4930123457,Ben\n" * 10, "line 2 is never closed"),
    "10 MB in one field": (b"phone,note\n+4930123456," + b"x" * (10 << 20) + b"\n", "line 2 is longer than"),
    "a line of 50 MB": (b"phone,note\n" + b"+4930123456," * 4_200_000 + b"\n", "line 2 is longer than"),
    "100,000 columns": (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", "has 100000 columns, more than 500"),
    "duplicate names": (b"phone,Name,name\n1,2,3\n", "columns 2 and 3 are both called 'name'"),
    "only a header": (b"phone,name\n", "a header and no rows"),
    "wrong encoding in the middle": (
        b"phone,name\n" + "+4930123456,Jürgen\n".encode() * 5_000 + b"+4930123456,J\xfcrgen\n",
        "not UTF-8: byte 0xfc at position 100025, line 5002",
    ),
    "a zip": (others(), "a damaged Excel workbook or a zip archive"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(1_000), "a PNG image"),
    "an XLSX bomb": (bomb, "larger than 1,024 MB when it is unpacked"),
    "an XLSX of two far cells": (wide, "needs more than"),
    "a workbook of nothing": (workbook({"One": []}), "the workbook is empty"),
    "nothing": (b"", "the file is empty"),
}  # fmt: skip


@pytest.mark.req("K6")
@pytest.mark.parametrize("what", BAD)
async def test_bad_input_is_refused_with_its_reason_and_leaves_the_store_as_it_was(
    server: Server, path: str, what: str
) -> None:
    content, reason = BAD[what]
    content = content() if callable(content) else content
    for place in ("uploads", "sources"):
        problem = await server.refused("POST", f"{path}/{place}", 422, data=io.BytesIO(content), headers=CSV)
        assert reason in problem["detail"]
        assert "; " in problem["detail"], "a remedy"
    assert await stored(server) == NOTHING
    assert kept_files(server) == []


@pytest.mark.req("K6")
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "mixed"])
async def test_line_ends_of_every_kind_and_mixed_are_read(server: Server, path: str, ends: str) -> None:
    lines = ["phone,name", "+4930123456,Ann", "+4930123457,Ben", "+4930123458,Cem", "+4930123459,Dan"]
    content = ends.join(lines)
    if ends == "mixed":
        content = "".join(line + end for line, end in zip(lines, ("\r\n", "\n", "\r", "\r\n\n", ""), strict=True))
    assert counted(await load(server, path, content)) == (4, 0, 0)


@pytest.mark.req("K5")
async def test_a_file_without_a_header_says_so_in_its_preview(server: Server, path: str) -> None:
    found = await server.ok("POST", f"{path}/sources/preview", data=b"030 123456,Ann\n030 123457,Ben\n", headers=CSV)
    assert (found["header"], found["columns"], counted(found["counts"])) == (False, ["phone", "column_2"], (2, 0, 0))


@pytest.mark.req("K6")
async def test_impossible_time_zones_are_refused_row_by_row(server: Server, path: str) -> None:
    zones = [
        "Europe/Berlin",
        "Mars/Olympus",
        "europe/berlin",
        "+25:00",
        "../../etc/passwd",
        "\u202eEurope/Berlin",
        "Factory",
        "CET",
    ]
    rows = "".join(f'+4930{100_000 + n},"{zone}"\n' for n, zone in enumerate(zones))
    done = await load(server, path, f"phone,time_zone\n{rows}")
    assert counted(done) == (2, 0, 6)
    refused = await (await server.call("GET", f"{path}/sources/{done['id']}/refused.csv")).text()
    assert "did you mean Europe/Berlin?" in refused


@pytest.mark.req("K1", "K6")
async def test_numbers_of_every_country_are_read_as_people_there_write_them(server: Server, path: str) -> None:
    """Google's own example of each region: national with that region told, international with none of its own."""
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number(region)
        for kind in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
            written = phonenumbers.format_number(example, kind)
            told = uploads.Told(mapping={}, region=region)
            file = uploads.uploads_folder(server.ctx) / f"{region}.csv"
            await asyncio.to_thread(file.write_text, f'phone\n"{written}"\n')
            found = await uploads.preview(server.ctx, int(path.rpartition("/")[2]), uploads.Upload(file, "x", told))
            if found.found.addresses != [[phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)]]:
                wrong.append((region, written, found.found.addresses, found.found.reasons))
    assert wrong == []


@pytest.mark.req("K6")
async def test_an_upload_cut_in_the_middle_leaves_nothing(server: Server, path: str) -> None:
    host, port = server.client.host, server.client.port
    for kind in ("uploads", "sources"):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"POST /api/v1{path}/{kind} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.tokens['manager']}\r\n"
            "Content-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nphone\n+4930123456\n".encode()
        )
        await writer.drain()
        await until(lambda: bool(kept_files(server)), "the file to be begun")
        writer.transport.abort()
        await until(lambda: not kept_files(server), "it to be gone")
    assert await stored(server) == NOTHING


@pytest.mark.req("K6")
async def test_a_full_disk_is_told_and_leaves_nothing(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        file = real(self, mode, *more, **named)
        return Full(file) if mode == "wb" else file

    monkeypatch.setattr(Path, "open", full)
    for place in ("uploads", "sources", "sources/preview"):
        problem = await server.refused("POST", f"{path}/{place}", 507, data=b"phone\n" * 100_000, headers=CSV)
        assert "disk is full" in problem["detail"]
    assert await stored(server) == NOTHING
    assert kept_files(server) == []


class Full:
    """A file on a disk without room."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()


@pytest.mark.req("K6")
async def test_two_uploads_at_once_do_not_mix(server: Server, path: str) -> None:
    def content(start: int) -> bytes:
        return b"phone\n" + b"".join(b"+4930%d\n" % n for n in range(start, start + 10_000))

    made = await asyncio.gather(
        *(
            server.ok("POST", f"{path}/sources?name={n}", 202, data=content(1_000_000 + n * 10_000), headers=CSV)
            for n in range(2)
        )
    )
    for one in made:
        assert (await imported(server, path, one["id"]))["created"] == 10_000
    assert (await stored(server))["contact"] == 20_000


@pytest.mark.req("K6")
async def test_a_large_file_is_looked_at_by_another_process(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread would take the interpreter from the dialer: 20 MB are seconds of work."""
    monkeypatch.setattr(examine, "examine_here", lambda _job: pytest.fail("in the server's own process"))
    rows = b"".join(b"030 %d,Ann,Bonn\n" % n for n in range(1_000_000, 2_000_000))
    found = await server.ok(
        "POST", f"{path}/sources/preview", data=io.BytesIO(b"phone,name,city\n" + rows), headers=CSV
    )
    assert (found["rows"], found["counts"]["created"]) == (1_000_000, 20_000)
