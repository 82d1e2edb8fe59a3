import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.contact import Address, ContactRecord, NewContact, join, merge

texts = st.sampled_from(["", "a", "b"])
addresses = st.lists(
    st.builds(Address, st.sampled_from("xyz"), st.booleans(), st.booleans(), st.booleans()), max_size=4
).map(tuple)
values = {
    "first_name": texts,
    "last_name": texts,
    "time_zone": st.none() | texts,
    "external_id": st.none() | texts,
    "addresses": addresses,
    "attributes": st.dictionaries(st.sampled_from("pqr"), texts),
}
news = st.builds(NewContact, **values)
records = st.builds(ContactRecord, st.sampled_from([1, 2, 3]), **values)


def channels(contact: ContactRecord | NewContact) -> set[tuple[str, str]]:
    return {(address.address, channel) for address in contact.addresses for channel in address.channels()}


@pytest.mark.req("K2")
@given(records, news)
def test_a_merge_loses_nothing_and_takes_every_new_value(existing: ContactRecord, new: NewContact) -> None:
    merged = merge(existing, new).contact
    assert merged.id == existing.id
    assert channels(merged) == channels(existing) | channels(new)
    assert len({address.address for address in merged.addresses}) == len(merged.addresses)
    for name in ("first_name", "last_name", "time_zone", "external_id"):
        assert getattr(merged, name) == (getattr(new, name) or getattr(existing, name))
    assert merged.attributes == {**existing.attributes, **{k: v for k, v in new.attributes.items() if v}}


@pytest.mark.req("K2")
@given(records, news)
def test_merging_the_same_again_changes_nothing(existing: ContactRecord, new: NewContact) -> None:
    once = merge(existing, new).contact
    again = merge(once, new)
    assert again.contact == once
    assert again.changes == ()


@pytest.mark.req("K2")
@given(records, st.lists(records, max_size=3))
def test_every_value_of_joined_contacts_is_kept_or_told(survivor: ContactRecord, others: list[ContactRecord]) -> None:
    joined = join(survivor, others)
    assert channels(joined.contact) == set().union(*(channels(one) for one in [survivor, *others]))
    told = {(change.field, change.old) for change in joined.dropped}
    for one in [survivor, *others]:
        for name in ("first_name", "last_name", "time_zone", "external_id"):
            value = getattr(one, name)
            assert not value or value == getattr(joined.contact, name) or (name, value) in told
        for name, value in one.attributes.items():
            kept = joined.contact.attributes.get(name)
            assert not value or value == kept or (f"attributes.{name}", value) in told
