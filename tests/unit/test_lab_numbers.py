import phonenumbers
import pytest

from asterisk.lab.numbers import CODES, PER_BEHAVIOUR, Callee, behaviour_of, number


@pytest.mark.parametrize("behaviour", list(Callee))
def test_every_number_is_valid_distinct_and_behaves_as_asked(behaviour: Callee):
    dialed = [number(behaviour, i) for i in range(0, PER_BEHAVIOUR, 7)]
    assert len(set(dialed)) == len(dialed) > 1000
    assert {behaviour_of(n) for n in dialed} == {behaviour}
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(n)) for n in dialed[::10])


def test_numbers_of_different_behaviours_never_meet():
    assert len(set(CODES.values())) == len(CODES) == len(Callee)
    assert len({len(code) for code in CODES.values()}) == 1


@pytest.mark.parametrize("i", [-1, PER_BEHAVIOUR])
def test_there_are_no_numbers_beyond_the_last(i: int):
    with pytest.raises(ValueError, match="19999"):
        number(Callee.BUSY, i)


def test_a_number_outside_the_table_talks():
    assert behaviour_of("+12125550199") is Callee.TALK
