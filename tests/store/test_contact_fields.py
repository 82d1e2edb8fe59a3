"""Custom fields on both stores: defined over values that are there, changed, and removed with or without them (C14)."""

from typing import Any

import pytest

from dialer.domain.errors import InvalidInput, NotFound, StaleEdit
from dialer.domain.fields import FieldType
from dialer.operations import campaigns, contact_fields, strategies
from dialer.operations.contact_fields import FieldInUse, Values, ValuesDoNotFit
from dialer.operations.deploying import BadStrategy
from dialer.store import contact_fields as store
from dialer.store import contacts
from tests.support import builders
from tests.support.builders import person
from tests.support.context import Bench


async def _values(bench: Bench, name: str) -> list[str | None]:
    async with bench.ctx.db.read() as tx:
        records = await contacts.records(tx, range(1, await contacts.number(tx) + 1))
    return [records[contact_id].attributes.get(name) for contact_id in sorted(records)]


async def _people(bench: Bench, name: str, *values: str) -> int:
    campaign_id = await builders.add_campaign(bench)
    batch = [person(n, attributes={name: value, "other": "stays"} if value else {}) for n, value in enumerate(values)]
    await builders.load(bench, campaign_id, batch)
    return campaign_id


@pytest.mark.req("C14")
async def test_a_field_is_defined_once_under_its_one_name(bench: Bench) -> None:
    made = await contact_fields.create(bench.ctx, "Tariff Plan", "Tariff", FieldType.CHOICE, ["Basic", "Gold"])
    assert (made.name, made.label, made.type, made.choices, made.revision) == (
        "tariff_plan", "Tariff", "choice", ["Basic", "Gold"], 1,
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="already"):
        await contact_fields.create(bench.ctx, "tariff-plan", "Again")
    await contact_fields.create(bench.ctx, "age", "Age", FieldType.NUMBER)
    assert [row.name for row in await contact_fields.all_fields(bench.ctx)] == ["age", "tariff_plan"]
    for name in ("phone", "first name", 'a"b', "", "x" * 101, "$.x"):
        with pytest.raises(InvalidInput) as refused:
            await contact_fields.create(bench.ctx, name, "X")
        assert refused.value.faults[0].field == "name"


@pytest.mark.req("C14")
async def test_values_that_are_there_are_kept_in_the_fields_form(bench: Bench) -> None:
    await _people(bench, "due", "24.12.2026", "", "2026-12-25", "26 Dec 2026")
    await contact_fields.create(bench.ctx, "due", "Due", FieldType.DATE)
    assert await _values(bench, "due") == ["2026-12-24", None, "2026-12-25", "2026-12-26"]
    assert await _values(bench, "other") == ["stays", None, "stays", "stays"]


@pytest.mark.req("C14")
async def test_a_type_that_values_do_not_fit_is_refused_with_their_number_and_examples(bench: Bench) -> None:
    await _people(bench, "age", "30", *["old"] * 7, "41")
    with pytest.raises(ValuesDoNotFit) as refused:
        await contact_fields.create(bench.ctx, "age", "Age", FieldType.NUMBER)
    assert refused.value.number == 7
    assert len(refused.value.examples) == 5
    assert "contact 2: 'old' is not a number" in str(refused.value)
    assert await contact_fields.all_fields(bench.ctx) == []
    await contact_fields.create(bench.ctx, "age", "Age")
    with pytest.raises(ValuesDoNotFit):
        await contact_fields.edit(bench.ctx, "age", type_=FieldType.NUMBER)
    await contact_fields.edit(bench.ctx, "age", type_=FieldType.CHOICE, choices=["30", "41", "Old"])
    assert (await _values(bench, "age"))[:2] == ["30", "Old"]
    with pytest.raises(ValuesDoNotFit):
        await contact_fields.edit(bench.ctx, "age", choices=["30", "41"])


@pytest.mark.req("C14")
async def test_edits_are_checked_and_guarded(bench: Bench) -> None:
    await contact_fields.create(bench.ctx, "plan", "Plan", FieldType.CHOICE, ["a"])
    edited = await contact_fields.edit(bench.ctx, "plan", label="Tariff", revision=1)
    assert (edited.label, edited.choices, edited.revision) == ("Tariff", ["a"], 2)
    with pytest.raises(StaleEdit):
        await contact_fields.edit(bench.ctx, "plan", label="X", revision=1)
    with pytest.raises(InvalidInput):
        await contact_fields.edit(bench.ctx, "plan", choices=[])
    assert (await contact_fields.edit(bench.ctx, "plan", type_=FieldType.TEXT)).choices == []
    with pytest.raises(NotFound):
        await contact_fields.edit(bench.ctx, "nope", label="X")


@pytest.mark.req("C14")
async def test_removing_one_with_values_asks_what_becomes_of_them(bench: Bench) -> None:
    await _people(bench, "plan", "gold", "", "gold")
    await contact_fields.create(bench.ctx, "plan", "Plan")
    with pytest.raises(FieldInUse, match="2 contacts have a value"):
        await contact_fields.remove(bench.ctx, "plan")
    assert await contact_fields.usage(bench.ctx, "plan") == ([], 2)
    await contact_fields.remove(bench.ctx, "plan", Values.KEEP)
    assert await _values(bench, "plan") == ["gold", None, "gold"]
    await contact_fields.create(bench.ctx, "plan", "Plan")
    await contact_fields.remove(bench.ctx, "plan", Values.DELETE)
    assert await _values(bench, "plan") == [None, None, None]
    assert await _values(bench, "other") == ["stays", None, "stays"]
    with pytest.raises(NotFound):
        await contact_fields.remove(bench.ctx, "plan")


STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("sms", {"text": "Hi {{Plan|you}}"}),
    "attribute": ("set-attribute", {"attribute": "plan", "value": "x"}),
    "value": ("set-attribute", {"attribute": "other", "value": "{{plan}}"}),
    "on": ("branch", {"on": "plan", "rules": [{"op": "eq", "value": "gold"}]}),
    "at": ("wait", {"kind": "until_attribute", "at": "Plan"}),
}


@pytest.mark.req("C14")
@pytest.mark.parametrize("field", STEPS)
async def test_a_field_that_a_strategy_names_is_not_removed_and_the_place_is_told(bench: Bench, field: str) -> None:
    kind, fields = STEPS[field]
    document = builders.strategy({"id": "step", "type": kind, "name": "The step", "fields": fields})
    campaign_id = await builders.add_campaign(bench, document)
    await contact_fields.create(bench.ctx, "plan", "Plan")
    with pytest.raises(FieldInUse) as refused:
        await contact_fields.remove(bench.ctx, "plan", Values.DELETE)
    (place,) = refused.value.places
    assert (place.campaign_id, place.node, place.field) == (campaign_id, "step", field)
    assert f"the step 'The step' ({field}) of the campaign 'Spring'" in str(refused.value)
    assert refused.value.faults[0].field == f"campaigns.{campaign_id}.strategy.step.{field}"
    await strategies.deploy(bench.ctx, campaign_id, builders.strategy({"id": "call", "type": "call"}))
    await contact_fields.remove(bench.ctx, "plan")


@pytest.mark.req("C14")
async def test_an_older_version_counts_while_contacts_go_through_it_and_an_ended_campaign_does_not(
    bench: Bench,
) -> None:
    document = builders.strategy(
        {"id": "call", "type": "call", "out": {"otherwise": "look"}},
        {"id": "look", "type": "branch", "fields": {"on": "plan", "rules": [{"op": "empty", "value": ""}]}},
    )
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    await strategies.deploy(bench.ctx, campaign_id, builders.strategy({"id": "call", "type": "call"}))
    await contact_fields.create(bench.ctx, "plan", "Plan")
    with pytest.raises(FieldInUse) as refused:
        await contact_fields.remove(bench.ctx, "plan")
    assert [place.version for place in refused.value.places] == [1]
    await campaigns.end(bench.ctx, campaign_id)
    await contact_fields.remove(bench.ctx, "plan")


async def test_the_store_gives_fields_by_name(bench: Bench) -> None:
    await contact_fields.create(bench.ctx, "plan", "Plan", FieldType.CHOICE, ["a"])
    async with bench.ctx.db.read() as tx:
        assert (await store.all_fields(tx))["plan"].choices == ("a",)


@pytest.mark.req("C14", "S2")
async def test_a_strategy_that_writes_what_a_field_can_not_hold_is_refused(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await contact_fields.create(bench.ctx, "amount", "Amount", FieldType.NUMBER)
    document = builders.strategy(
        {"id": "s", "type": "set-attribute", "fields": {"attribute": "Amount", "value": "much"}}
    )
    checked = await strategies.check_document(bench.ctx, campaign_id, document)
    assert [(fault.node, fault.field) for fault in checked.faults] == [("s", "value")]
    with pytest.raises(BadStrategy):
        await strategies.deploy(bench.ctx, campaign_id, document)
