import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.errors import InvalidInput
from dialer.domain.template import MAX_RENDERED, MAX_TEMPLATE, check, placeholders, render

VALUES = {"first_name": "Anna", "city": "Köln", "empty": ""}


@pytest.mark.req("M2")
def test_placeholders_are_listed_once_each_in_order() -> None:
    assert placeholders("{{city}} {{ First Name }}{{city}}{{first-name|you}}{{}}") == ("city", "first_name")


@pytest.mark.req("M2")
@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hello {{first_name}} in {{ City }}!", "Hello Anna in Köln!"),
        ("Hello {{ First Name }}", "Hello Anna"),
        ("Hello {{first_name|you}}, {{title | friend }}", "Hello Anna, friend"),
        ("Hello{{ title|}}", "Hello"),
        ("Hello {{empty|you}}", "Hello you"),
        ("{single} } {", "{single} } {"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_text_is_filled_in(text: str, rendered: str) -> None:
    assert render(text, VALUES) == rendered


@pytest.mark.req("M2")
def test_every_missing_value_is_listed_and_an_empty_one_is_missing() -> None:
    with pytest.raises(InvalidInput) as invalid:
        render("{{title}} {{empty}} {{title}} {{city}}", VALUES, field="nodes.n1.text")
    (fault,) = invalid.value.faults
    assert fault.field == "nodes.n1.text"
    assert "no value for 'title', 'empty';" in fault.reason


def test_a_value_brings_no_control_characters_and_no_placeholder() -> None:
    assert render("<{{a}}>", {"a": "x\r\ny\0\u2028\ud800z"}) == "<x  y   z>"
    assert render("<{{a}}>", {"a": "{{b}}", "b": "secret"}) == "<{{b}}>"
    assert render("{{a}}", {"a": "👩\u200d💻"}) == "👩\u200d💻"  # a joiner is part of the letter


def test_a_result_that_is_too_long_is_refused() -> None:
    assert len(render("{{a}}", {"a": "x" * MAX_RENDERED})) == MAX_RENDERED
    with pytest.raises(InvalidInput, match="text: is 4001 characters long once filled in"):
        render("{{a}}", {"a": "x" * (MAX_RENDERED + 1)})


@pytest.mark.req("M2", "S2")
@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("Hello {{first_name}}", []),
        ("x" * MAX_TEMPLATE, []),
        ("x" * (MAX_TEMPLATE + 1), ["has 4001 characters"]),
        ("Hello {{ }}", ["without a name"]),
        ("Hello {{first_name", ["do not pair near 'Hello {{first_name'"]),
        ("Hello first_name}} {{|x}}", ["without a name", "do not pair"]),
    ],
)
def test_a_template_is_checked(text: str, faults: list[str]) -> None:
    found = check(text)
    assert len(found) == len(faults)
    assert all(expected in fault.reason for fault, expected in zip(found, faults, strict=True))


@given(st.text("{}|ab ", max_size=40))
def test_a_template_without_faults_renders_once_its_placeholders_are_filled(text: str) -> None:
    if not check(text):
        rendered = render(text, dict.fromkeys(placeholders(text), "v"))
        assert "{{" not in rendered
        assert "}}" not in rendered
