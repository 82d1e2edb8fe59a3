"""Every fault of a strategy document, at its node and field, all at once."""

import json
from copy import deepcopy
from typing import Any

import pytest

from dialer.strategy.catalogue import STEP_TYPES
from dialer.strategy.check import MOST_FAULTS, Checked, check
from dialer.strategy.known import Known
from dialer.strategy.model import Needs, default_strategy, digest, needs, to_document
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.text.read import from_text

KNOWN = Known(
    queues=frozenset({"sales"}),
    voice_gateways=frozenset({"trunk"}),
    sms_gateways=frozenset({"smsc"}),
    attributes=frozenset({"plan", "renewal"}),
    modes=frozenset({"progressive"}),
    webhook_hosts=frozenset({"hooks.example", "*.crm.example"}),
)


def document(*nodes: Any, **members: Any) -> dict[str, Any]:
    first = nodes[0]["id"] if nodes and isinstance(nodes[0], dict) and "id" in nodes[0] else "in"
    entry = {"id": "in", "type": "contact-in", "out": {"next": first} if first != "in" else {}}
    return {"format": "campaign-strategy/1", "name": "t", "nodes": [entry, *nodes], **members}


def node(type_: str, id_: str = "n", out: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "type": type_, "fields": fields, "out": out or {}}


def faults(checked: Checked) -> set[tuple[str, str]]:
    return {(fault.node, fault.field) for fault in checked.faults}


def only(checked: Checked) -> tuple[str, str, str]:
    assert checked.strategy is None
    (fault,) = checked.faults
    return fault.node, fault.field, fault.reason


WRONG_DOCUMENTS: list[tuple[Any, str, str]] = [
    (None, "document", "object"),
    ([], "document", "object"),
    ("x", "document", "object"),
    ({**document(), "format": 2}, "format", "campaign-strategy/1"),
    ({**document(), "name": 3}, "name", "text"),
    ({**document(), "name": "x" * 201}, "name", "200"),
    ({**document(), "name": "two\nlines"}, "name", "one line"),
    ({**document(), "__proto__": {}}, "__proto__", "not a field"),
    ({"format": "campaign-strategy/1", "nodes": {}}, "nodes", "list"),
    ({"format": "campaign-strategy/1"}, "nodes", "list"),
    ({"format": "campaign-strategy/1", "nodes": []}, "nodes", "exactly one contact-in step and has 0"),
    (document(node("contact-in", "b")), "nodes", "has 2"),
    (document(*[node("end", f"n{i}") for i in range(1000)]), "nodes", "more than 1,000 steps"),
    (document(name="x" * 1_000_001), "document", "larger than"),
    (document(nodes=[0] * 1_000_001), "document", "larger than"),
    (document({"id": "n", "type": "end", "x": 10**400}), "document", "number that is too large"),
    (document({"id": "n", "type": "end", "x": float("nan")}), "document", "not finite"),
    (document({"id": "n", "type": "end", "name": "\ud800"}), "document", "Unicode"),
    (document({"id": "n", "type": "end", "fields": {1: 2}}), "document", "not JSON"),
    (document({"id": "n", "type": "end", "fields": {"result": object()}}), "document", "not JSON"),
]


@pytest.mark.req("S2")
@pytest.mark.parametrize(("wrong", "field", "reason"), WRONG_DOCUMENTS, ids=range(len(WRONG_DOCUMENTS)))
def test_a_wrong_document_is_refused(wrong: Any, field: str, reason: str):
    checked = check(wrong)
    assert checked.strategy is None
    assert any(fault.field == field and reason in fault.reason for fault in checked.faults), checked.faults


def test_deep_nesting_is_refused_without_recursion():
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert "nested deeper" in only(check(document(deep)))[2]


WRONG_NODES: list[tuple[Any, str, str]] = [
    (node("teleport"), "type", "'teleport' is not a step type; use one of contact-in, call"),
    (node("webhook"), "url", "is needed"),
    (node("webhook", url="ftp://x.example"), "url", "begin with https:// or http://"),
    (node("webhook", url="x.example/hook"), "url", "begin with https:// or http://"),
    (node("webhook", url="{{address}}"), "url", "begin with https:// or http://"),
    (node("webhook", url="https://x.example:{{port}}/"), "url", "is not a web address"),
    (node("webhook", url="https://me:pw@x.example/"), "url", "a user or a password"),
    (node("webhook", url="https://x.example/a/../b"), "url", "for a part of its path"),
    (node("webhook", url="https://x.example\\@y.example/"), "url", "characters that an address can't have"),
    (node("webhook", url="https://2130706433/"), "url", "names no host"),
    (node("webhook", url="https://x.example/{{"), "url", "braces"),
    (node("webhook", url="https://x.example", body="{{}}"), "body", "without a name"),
    (node("webhook", url="https://x.example", body="x" * 10_001), "body", "10000"),
    (node("webhook", url="https://x.example", method="TRACE"), "method", "should be"),
    (node("webhook", url="https://x.example", timeout_s=61), "timeout_s", "60"),
    ({"id": "n"}, "type", "is needed"),
    ({**node("end"), "z": 1}, "z", "is not a field of a step"),
    ({**node("end"), "x": "far"}, "x", "should be a number"),
    ({**node("end"), "y": True}, "y", "should be a number"),
    ({**node("end"), "name": "a\x00b"}, "name", "not allowed"),
    ({**node("end"), "fields": []}, "fields", "should be an object"),
    ({**node("end"), "out": {"next": 5}}, "out.next", "should be text"),
    (node("end", out={"next": "in"}), "out.next", "'next' is not an outcome of this step; it has none"),
    (node("wait", out={"done": "n"}, duration="1h"), "out.done", "it has next"),
    (node("call", tries=0), "tries", "greater than or equal to 1"),
    (node("call", tries="many"), "tries", "whole number"),
    (node("call", tries=True), "tries", "must be a number"),
    (node("call", tries=1.5), "tries", "whole number"),
    (node("call", ring_s=500), "ring_s", "120"),
    (node("call", retry_after="soon"), "retry_after.0", "such as 90s"),
    (node("call", retry_after=["1h", 7]), "retry_after.1", "such as 90s"),
    (node("call", retry_after=","), "retry_after", "at least 1"),
    (node("call", retry_after="999999999d"), "retry_after.0", "3650d"),
    (node("call", retry_on="answered"), "retry_on", "not tried again"),
    (node("call", retry_on=["sleepy"]), "retry_on.0", "should be"),
    (node("call", colour="red"), "colour", "is not a field of a call step"),
    (node("sms"), "text", "is needed"),
    (node("sms", text=""), "text", "is needed"),
    (node("sms", text="Hi {{"), "text", "braces"),
    (node("sms", text="Hi {{}}"), "text", "without a name"),
    (node("sms", text="Hi", until="read"), "until", "should be"),
    (node("sms", text="Hi", timeout="0s"), "timeout", "longer than 0s"),
    (node("sms", text="Hi", sender="much too long a name"), "sender", "not allowed"),
    (node("wait"), "duration", "needed"),
    (node("wait", duration="0s"), "duration", "longer than 0s"),
    (node("wait", kind="until_time"), "at", "needed"),
    (node("wait", kind="until_time", at="25:00"), "at", "HH:MM"),
    (node("wait", kind="until_date", at="soon"), "at", "2026-12-24"),
    (node("wait", kind="nap"), "kind", "should be"),
    (node("branch", on="plan"), "rules", "is needed"),
    (node("branch", on="plan", rules=[]), "rules", "at least 1"),
    (node("branch", on="plan", rules=[{"op": "like"}]), "rules.0.op", "should be"),
    (node("branch", on="last.year", rules=[{"op": "empty"}]), "on", "last.outcome"),
    (node("branch", on="{{", rules=[{"op": "empty"}]), "on", "attribute's name"),
    (node("branch", out={"rule2": "n"}, on="plan", rules=[{"op": "empty"}]), "out.rule2", "it has rule1, otherwise"),
    (node("time-window", **{"from": "9", "to": "10:00"}), "from", "HH:MM"),
    (node("time-window", **{"from": "09:00", "to": "09:00"}), "to", "differ"),
    (node("time-window", **{"from": "09:00", "to": "10:00", "days": ["fun"]}), "days.0", "should be"),
    (node("time-window", **{"from": "09:00", "to": "10:00", "time_zone": "Mars"}), "time_zone", "time zone"),
    (node("time-window", start="09:00", end="10:00"), "from", "is needed"),
    (node("set-attribute"), "attribute", "is needed"),
    (node("sms", text="Hi", gateway="nix"), "gateway", "there is no gateway 'nix' here; there is: smsc"),
    (node("call", gateway="nix"), "gateway", "trunk"),
    (node("call", queue="nix"), "queue", "sales"),
    (node("call", mode="power"), "mode", "progressive"),
    (node("call", out={"busy": "gone"}), "out.busy", "leads to 'gone', which does not exist"),
    (node("call", out={"busy": "in"}), "out.busy", "leads back to contact-in"),
]


@pytest.mark.req("S2", "C5")
@pytest.mark.parametrize(("wrong", "field", "reason"), WRONG_NODES, ids=range(len(WRONG_NODES)))
def test_a_wrong_node_is_named_with_its_field(wrong: Any, field: str, reason: str):
    checked = check(document(wrong), KNOWN)
    assert checked.strategy is None
    (found,) = [fault for fault in checked.faults if fault.field == field and reason in fault.reason]
    assert found.node == "n"


@pytest.mark.parametrize("id_", ["__proto__", "", "a b", "x" * 129, "<script>", 5, None])
def test_ids_are_plain(id_: Any):
    checked = check(document(nodes=[{"id": "in", "type": "contact-in"}, {"id": id_, "type": "end"}]))
    assert [fault.field for fault in checked.faults] == ["id"]


@pytest.mark.req("S2")
def test_all_faults_come_at_once():
    wrong = document(
        node("call", "a", {"busy": "gone", "what": "b"}, tries=-1, extra=1),
        node("sms", "a"),
        node("wait", "b", duration="x"),
        7,
        format="other",
    )
    assert faults(check(wrong)) == {
        ("", "format"),
        ("a", "tries"),
        ("a", "extra"),
        ("a", "out.what"),
        ("a", "out.busy"),
        ("a", "text"),
        ("a", "id"),
        ("b", "duration"),
        ("nodes[4]", "node"),
    }


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("middle", "hasty"),
    [
        (node("wait", "m", {"next": "n"}, duration="1s"), False),
        (node("wait", "m", {"next": "n"}, kind="until_time", at="09:00"), False),
        (node("wait", "m", {"next": "n"}, kind="until_date", at="2026-01-01"), True),
        (node("call", "m", {"busy": "n"}), False),
        (node("call", "m", {"busy": "n"}, retry_after="0s, 1h"), True),
        (node("sms", "m", {"sent": "n"}, text="Hi", until="replied"), True),
        (node("time-window", "m", {"open": "n"}, **{"from": "09:00", "to": "10:00"}), True),
    ],
)
def test_a_loop_must_let_time_pass(middle: dict[str, Any], *, hasty: bool):
    before = node("set-attribute", "n", {"next": "m"}, attribute="a")
    checked = check(document(before, middle))
    if hasty:
        assert only(checked)[:2] == ("n", "out")
        assert "the loop n → m → n lets no time pass" in checked.faults[0].reason
    else:
        assert checked.faults == ()


def test_each_hasty_loop_is_told_and_long_ones_are_cut():
    def ring(prefix: str, length: int) -> list[dict[str, Any]]:
        return [
            node("set-attribute", f"{prefix}{i}", {"next": f"{prefix}{(i + 1) % length}"}, attribute="a")
            for i in range(length)
        ]

    checked = check(document(*ring("a", 12), *ring("b", 1), node("set-attribute", "c", {"next": "b0"}, attribute="a")))
    assert [fault.node for fault in checked.faults] == ["a0", "b0"]
    assert "a7 → … → a0" in checked.faults[0].reason
    assert "the loop b0 → b0 lets" in checked.faults[1].reason


WARNED: list[tuple[dict[str, Any], str, str]] = [
    (node("call", out={"machine": "e"}), "out.machine", "never taken"),
    (node("sms", out={"timeout": "e", "sent": "e"}, text="Hi"), "out.timeout", "never taken"),
    (node("sms", out={"replied": "e"}, text="Hi", until="delivered"), "out.replied", "never taken"),
    (node("sms", out={"sent": "e"}, text="Hi", until="replied"), "out.sent", "never taken"),
    (node("time-window", out={"closed": "e"}, **{"from": "09:00", "to": "10:00"}), "out.closed", "never taken"),
    (node("sms", text="{{plan}} {{first_name}} {{mine}} {{nick|you}} {{typo}}"), "text", "'typo'"),
    (node("set-attribute", attribute="mine", value="{{typo}}"), "value", "'typo'"),
    (node("branch", on="typo", rules=[{"op": "empty"}]), "on", "'typo'"),
    (node("wait", kind="until_attribute", at="typo"), "at", "'typo'"),
    (node("wait", kind="until_time", at="09:00", duration="1h"), "duration", "not used"),
    (node("wait", duration="1h", at="09:00"), "at", "not used"),
]


@pytest.mark.parametrize(("odd", "field", "reason"), WARNED, ids=range(len(WARNED)))
def test_odd_things_are_warned_about(odd: dict[str, Any], field: str, reason: str):
    fills = node("set-attribute", "fills", {"next": "n"}, attribute="mine")
    checked = check(document(fills, odd, node("end", "e")), KNOWN)
    assert checked.strategy is not None, checked.faults
    (found,) = [warning for warning in checked.warnings if warning.field == field]
    assert (found.node, found.field) == ("n", field)
    assert reason in found.reason


def test_a_message_that_is_never_left_is_warned_of_and_a_missing_one_refused():
    step = node("call", "n", {"machine": "e"}, amd="hang_up", machine_message="custom/us")
    (warning,) = check(document(step, node("end", "e"))).warnings
    assert (warning.field, warning.reason) == ("machine_message", "is not used with hang_up")
    (fault,) = check(document(node("call", "n", {"otherwise": "e"}, amd="leave_message"), node("end", "e"))).faults
    assert (fault.field, fault.reason) == ("machine_message", "is needed to leave a message")


def test_unreachable_steps_and_a_loose_start_are_warned_about():
    loose = check(document(nodes=[{"id": "in", "type": "contact-in"}, node("end", "e")]))
    assert [(w.node, w.field) for w in loose.warnings] == [("e", "node"), ("in", "out")]


def test_known_names_and_sensible_steps_raise_no_warning():
    nodes = [
        node(
            "call",
            "c",
            {"no_answer": "s", "otherwise": "t"},
            queue="sales",
            gateway="trunk",
            mode="progressive",
        ),
        node("sms", "s", {"sent": "b"}, text="{{plan}}", gateway="smsc"),
        node("time-window", "t", {"closed": "b", "open": "b"}, **{"from": "22:00", "to": "06:00", "kind": "branch"}),
        node("branch", "b", {"rule1": "u"}, on="last.reply", rules=[{"op": "empty"}]),
        node("wait", "u", kind="until_attribute", at="Renewal"),
    ]
    checked = check(document(*nodes), KNOWN)
    assert (checked.faults, checked.warnings) == ((), ())


def test_what_editors_send_is_read_as_meant():
    typed = check(
        document(node("call", tries="3", retry_on="busy, no_answer", retry_after="1h,2h", queue="", gateway=None))
    )
    plain = check(document(node("call", tries=3, retry_on=["no_answer", "busy"], retry_after=["60m", "2h"])))
    assert typed.strategy == plain.strategy
    assert typed.strategy is not None


@pytest.mark.req("S3")
def test_the_digest_ignores_layout_and_order_and_nothing_else():
    base = to_document(default_strategy())

    def changed(**member: Any) -> str:
        other = deepcopy(base)
        nodes: Any = other["nodes"]
        nodes[1] = {**nodes[1], **member}
        nodes.reverse()
        strategy = check(other).strategy
        assert strategy is not None
        return digest(strategy)

    same = digest(default_strategy())
    assert changed(x=5, y=-7.5) == same
    different = {changed(name="Ring"), changed(out={"busy": "end"}), changed(fields={"tries": 2}), same}
    assert len(different) == 4


@pytest.mark.req("S6")
def test_the_document_comes_back_as_it_went():
    strategy = default_strategy()
    checked = check(json.loads(json.dumps(to_document(strategy))))
    assert checked == Checked(strategy)


@pytest.mark.req("C5")
def test_what_a_strategy_needs_of_its_campaign():
    assert needs(default_strategy()) == Needs(queue=("call",), voice_gateway=("call",), sms_gateway=())
    own = check(document(node("call", queue="q", gateway="g"), node("sms", "s", text="Hi"))).strategy
    assert own is not None
    assert needs(own) == Needs(queue=(), voice_gateway=(), sms_gateway=("s",))
    told = check(document(node("call", "n", {"otherwise": "e"}, amd="true"), node("end", "e"))).strategy
    assert told is not None
    assert needs(told).machine_detection == ("n",)


def test_the_catalogue_has_the_ports_of_the_interface():
    ports = {name: [port.name for port in step_type.ports] for name, step_type in STEP_TYPES.items()}
    assert ports == {
        "contact-in": ["next"],
        "call": ["answered", "no_answer", "busy", "machine", "abandoned", "invalid", "failed", "otherwise"],
        "sms": ["sent", "replied", "failed", "timeout", "otherwise"],
        "wait": ["next"],
        "branch": ["otherwise"],
        "time-window": ["open", "closed"],
        "webhook": ["ok", "error"],
        "set-attribute": ["next"],
        "end": [],
    }


def test_every_field_has_a_title_and_help_for_palette_and_docs():
    for step_type in STEP_TYPES.values():
        assert step_type.help
        for name, field in step_type.fields.model_fields.items():
            assert field.title, name
            assert field.description, name
        assert step_type.fields.model_json_schema()["additionalProperties"] is False


@pytest.mark.req("S2")
def test_of_very_many_faults_the_first_are_told_and_how_many_more_there_are():
    """A hundred thousand of them, written down as JSON, would keep the dialer from calling for a second."""
    many = {f"port{n}": "n" for n in range(MOST_FAULTS + 1_500)}
    for faults in (
        check(document(node("call", out=many))).faults,
        from_flow(
            [{"id": f"n{n}", "type": "nonsense", "z": "", "wires": [["x"], 1]} for n in range(2_500)]
        ).checked.faults,
        from_text("format: 1\nsteps:\n" + "".join(f"  n{n}: 1\n" for n in range(5_000))).check().faults,
    ):
        assert len(faults) == MOST_FAULTS + 1
        assert "more faults" in faults[-1].reason
    assert check(document(node("call", out=many))).faults[-1].reason.startswith("has 1,500 more faults")
