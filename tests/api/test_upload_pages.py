"""The pages of a sent file: who may see and do what, faults at their fields, and nothing of the file unescaped."""

from dataclasses import replace

import pytest

from admin.pages import columns
from dialer.operations import importing
from tests.api.conftest import Server
from tests.api.test_pages import Browser, manager
from tests.api.test_sources import CSV, kept_files, stored

__all__ = ["manager"]

PEOPLE = "Tel;Vorname;<b>Ort</b>\n+49 30 123456;<script>alert(1)</script>;Bonn\n12;Ben;Köln\n"
FIELDS = {"Tel": "phone", "Vorname": "first_name", "<b>Ort</b>": "ignore"}
CHOSEN = [pair for name, field in FIELDS.items() for pair in (("column", name), ("field", field))]


@pytest.fixture
async def upload(server: Server, manager: Browser) -> str:  # noqa: ARG001 -- logged in
    made = await server.campaign()
    kept = await server.ok(
        "POST", f"/campaigns/{made['id']}/uploads?name=<i>x</i>.csv", 201, data=PEOPLE.encode(), headers=CSV
    )
    return f"/campaigns/{made['id']}/uploads/{kept['id']}"


@pytest.mark.req("K5")
async def test_what_is_in_a_file_is_shown_escaped(manager: Browser, upload: str) -> None:
    page = await manager.get(upload)
    assert f'hx-get="{upload}/look"' in page
    look = await manager.get(f"{upload}/look")
    assert "No column holds addresses" in look
    assert "New attribute “vorname”" in look
    assert "&lt;script&gt;alert(1)" in look
    for text in (page, look, await manager.get(upload.rpartition("/")[0])):
        assert "<script>alert" not in text
        assert "<b>Ort" not in text
        assert "<i>x" not in text


@pytest.mark.req("K5")
async def test_choices_are_looked_at_again_and_kept_and_imported(server: Server, manager: Browser, upload: str) -> None:
    look = await manager.post(f"{upload}/preview", 200, CHOSEN)
    assert 'data-preview="created">1<' in look
    assert 'data-preview="refused">1<' in look
    assert "line 3: phone: &#39;12&#39; is too short" in look
    assert 'value="phone" selected' in await manager.get(f"{upload}/look"), "as it was chosen the last time"
    leads = await manager.post(upload, 303, CHOSEN)
    assert leads == upload.rpartition("/uploads")[0] + "/sources"
    await importing.run(server.ctx, 1)
    assert (await stored(server))["contact"] == 1
    assert kept_files(server) == []
    await manager.get(upload, 404)


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    ("chosen", "where", "reason"),
    [
        (("region", "QQ"), "fault-region", "is not a region"),
        (("time_zone", "Mars"), "fault-time_zone", "is not a known time zone"),
        (("encoding", "utf-16"), "fault-mapping", "utf-16"),
        (("encoding", "rot13"), "fault-encoding", "is not offered"),
    ],
)
async def test_faults_stand_at_their_fields(
    server: Server, manager: Browser, upload: str, chosen: tuple[str, str], where: str, reason: str
) -> None:
    for place, status in ((f"{upload}/preview", 200), (upload, 422)):
        page = await manager.post(place, status, [*CHOSEN, chosen])
        at = page.index(f'id="{where}"')
        assert reason in page[at : at + 400]
    assert (await stored(server))["source"] == 0


@pytest.mark.req("K5")
async def test_two_columns_for_one_field_are_told_at_the_column(manager: Browser, upload: str) -> None:
    fields = [
        *CHOSEN[:2],
        ("column", "Vorname"),
        ("field", "last_name"),
        ("column", "<b>Ort</b>"),
        ("field", "last_name"),
    ]
    look = await manager.post(f"{upload}/preview", 200, fields)
    assert 'id="fault-column-3"' in look
    assert "Nothing can be counted" in look


@pytest.mark.req("K5")
async def test_another_reading_starts_from_the_columns_it_finds(manager: Browser, upload: str) -> None:
    await manager.post(f"{upload}/preview", 200, CHOSEN)
    look = await manager.post(f"{upload}/preview", 200, [*CHOSEN, ("header", "no")])
    assert "column_2" in look
    assert "the file has no column" not in look


@pytest.mark.req("A2", "K5")
async def test_who_only_reads_may_look_but_not_import(server: Server, manager: Browser, upload: str) -> None:
    viewer = replace(manager, csrf="")
    await manager.post("/logout", 303)
    await viewer.log_in("the-viewer")
    look = await viewer.get(f"{upload}/look")
    assert "<fieldset disabled>" in look
    assert "<button" not in look
    assert "Continue" not in await viewer.get(upload.rpartition("/")[0])
    await viewer.post(upload, 403, CHOSEN)
    await viewer.post(f"{upload}/discard", 403)
    assert (await stored(server))["source"] == 0


@pytest.mark.req("K5")
async def test_an_upload_is_discarded(server: Server, manager: Browser, upload: str) -> None:
    assert "Continue" in await manager.get(upload.rpartition("/")[0])
    await manager.post(f"{upload}/discard", 303)
    assert kept_files(server) == []
    assert "Continue" not in await manager.get(upload.rpartition("/")[0])


def test_what_a_column_fills_is_always_among_its_choices() -> None:
    known = columns.choices([])
    for name, field in (("Tel", "phone7"), ("x", "ignore"), ("Phone 2", "phone_2"), ("Ort", "city"), ("Ort", "ort")):
        found = columns.column(name, field, known, [])
        assert found.field in dict(found.options)
        assert "ignore" in dict(found.options)


@pytest.mark.req("K5")
async def test_refused_rows_are_mended_and_loaded_again_as_the_file_was(
    server: Server, manager: Browser, upload: str
) -> None:
    await manager.post(upload, 303, CHOSEN)
    await importing.run(server.ctx, 1)
    campaign = upload.partition("/uploads")[0]
    refused = await (await server.call("GET", f"{campaign}/sources/1/refused.csv")).text()
    mended = refused.replace("12,Ben", "+49 30 123457,Ben").encode()
    kept = await server.ok("POST", f"{campaign}/uploads?name=mended.csv", 201, data=mended, headers=CSV)
    look = kept["preview"]
    assert look["fields"] == {**FIELDS, "line": "ignore", "reason": "ignore", "remedy": "ignore"}
    assert (look["counts"]["created"], look["counts"]["refused"]) == (1, 0)
    assert 'id="remembered"' in await manager.get(f"{campaign}/uploads/{kept['id']}/look")
    await manager.post(f"{campaign}/uploads/{kept['id']}", 303, [*CHOSEN, ("column", "line"), ("field", "ignore")])
    again = await server.ok("POST", f"{campaign}/uploads?name=more.csv", 201, data=PEOPLE.encode(), headers=CSV)
    assert again["preview"]["fields"] == FIELDS, "what was said of it is remembered for the whole file, too"


@pytest.mark.req("K5")
async def test_who_is_taken_without_a_usable_number_is_told(server: Server, manager: Browser, upload: str) -> None:
    """Nobody can be called then: the import says so before, not the campaign after."""
    campaign = upload.partition("/uploads")[0]
    content = b"phone,email\n12,ann@example.com\n+49 30 123456,ben@example.com\n13,cy@example.com\n"
    kept = await server.ok("POST", f"{campaign}/uploads?name=x.csv", 201, data=content, headers=CSV)
    counts = kept["preview"]["counts"]
    assert (counts["created"], counts["refused"], counts["reasons"]) == (3, 0, [])
    (note,) = counts["notes"]
    assert (note["rows"], note["line"], note["reason"].partition(" or ")[0]) == (2, 2, "phone: … is too short")
    assert "with + and the country code" in note["remedy"]
    look = await manager.get(f"{campaign}/uploads/{kept['id']}/look")
    assert "phone: &#39;12&#39; is too short" in look.partition('id="notes"')[2]
    assert 'id="notes"' not in await manager.post(f"{upload}/preview", 200, CHOSEN)
