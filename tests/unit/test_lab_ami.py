import pytest

from asterisk.lab.ami import compose, parse


def test_an_action_has_a_header_per_variable():
    assert compose("Originate", {"Channel": "PJSIP/1@x"}, ["__A=1", "__B=2"]) == (
        b"Action: Originate\r\nChannel: PJSIP/1@x\r\nVariable: __A=1\r\nVariable: __B=2\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["x\r\nAction: Logoff", "x\ny", "x\x00"])
def test_a_value_cannot_inject_a_second_action(value: str):
    with pytest.raises(ValueError, match="control"):
        compose("Hangup", {"Channel": value})


def test_a_message_keeps_empty_values_and_joins_output():
    block = b"Response: Success\r\nCallerIDName:\r\nOutput: one\r\nOutput: two: three\r\nValue: \r\n\r\n"
    expected = {"Response": "Success", "CallerIDName": "", "Output": "one\ntwo: three", "Value": ""}
    assert parse(block) == expected
