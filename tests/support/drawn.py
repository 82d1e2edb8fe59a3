"""Random strategies with every kind of field, and ways to draw the same strategy differently in Node-RED."""

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from dialer.domain.outcome import Outcome
from dialer.strategy.catalogue import STEP_TYPES
from dialer.strategy.check import check
from dialer.strategy.model import Strategy

DURATIONS = st.sampled_from(["0s", "90s", "15m", "2h", "3d"])
POSITIVE = st.sampled_from(["90s", "15m", "2h", "3d"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="{}"), max_size=20)
NAMES = (
    st.sampled_from(["", "Call", "<script>alert(1)</script>", "№ 7 · ÅÄÖ", "yes", "1e3", "null", "a: b # c"]) | TEXTS
)
NUMBERS = st.floats(-5000, 5000).map(lambda number: round(number, 3)) | st.integers(-5000, 5000)
REFERENCES = st.sampled_from(["sales", "Über uns", "12", "true"])
RULES = st.lists(
    st.fixed_dictionaries({"op": st.sampled_from(["eq", "gt", "in", "empty", "contains"]), "value": TEXTS}),
    min_size=1,
    max_size=4,
)
FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "call": st.fixed_dictionaries(
        {},
        optional={
            "number": st.integers(1, 9),
            "queue": REFERENCES,
            "gateway": REFERENCES,
            "mode": st.sampled_from(["progressive", "power"]),
            "ring_s": st.integers(5, 120),
            "amd": st.sampled_from(["off", "hang_up", False, True]),
            "tries": st.integers(1, 20),
            "retry_after": st.lists(DURATIONS, min_size=1, max_size=3),
            "retry_on": st.lists(st.sampled_from([o.value for o in Outcome if o is not Outcome.ANSWERED]), max_size=9),
            "priority": st.integers(0, 9),
        },
    ),
    "sms": st.fixed_dictionaries(
        {"text": TEXTS.filter(bool).map(lambda text: f"{{{{first_name|you}}}} {text}")},
        optional={
            "number": st.integers(1, 9),
            "gateway": REFERENCES,
            "sender": st.sampled_from(["+4930123", "Shop", "12"]),
            "until": st.sampled_from(["accepted", "delivered", "replied"]),
            "timeout": POSITIVE,
            "validity": POSITIVE,
        },
    ),
    "wait": st.one_of(
        st.fixed_dictionaries({"duration": POSITIVE}),
        st.just({"kind": "until_time", "at": "02:30"}),
        st.just({"kind": "until_date", "at": "2026-03-29"}),
        st.just({"kind": "until_attribute", "at": "renewal"}),
    ),
    "branch": st.fixed_dictionaries({"on": st.sampled_from(["plan", "last.outcome", "count.texts"]), "rules": RULES}),
    "time-window": st.fixed_dictionaries(
        {"from": st.just("09:00"), "to": st.just("17:00"), "kind": st.sampled_from(["hold", "branch"])},
        optional={
            "days": st.lists(st.sampled_from(["mon", "fri", "sun"]), min_size=1, max_size=3),
            "time_zone": st.sampled_from(["UTC", "Asia/Kathmandu"]),
        },
    ),
    "webhook": st.fixed_dictionaries(
        {"url": st.sampled_from(["https://x.example/{{plan}}", "http://[::1]:8080/?a=b#c"])},
        optional={
            "method": st.sampled_from(["GET", "PUT"]),
            "body": TEXTS,
            "save_as": st.just("plan"),
            "timeout_s": st.integers(1, 60),
        },
    ),
    "set-attribute": st.fixed_dictionaries({"attribute": st.just("plan"), "value": TEXTS | st.just("{{plan}}")}),
    "end": st.fixed_dictionaries({}, optional={"result": st.sampled_from(["reached", "12", "no"])}),
}
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "max_attempts": st.integers(1, 1000),
        "max_visits": st.integers(1, 10_000),
        "on_edit": st.sampled_from(["not_started", "next_step", "keep"]),
    },
)


@st.composite
def strategies(draw: st.DrawFn, *, largest: int = 8) -> Strategy:
    """Random steps and wires; what the check refuses (loops that let no time pass) is not a strategy."""
    ids = [f"n{index}" for index in range(draw(st.integers(1, largest)))]
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "contact-in", "name": draw(NAMES), "fields": draw(LIMITS), "out": {"next": ids[0]}}
    ]
    for id_ in ids:
        type_ = draw(st.sampled_from(sorted(FIELDS)))
        fields = draw(FIELDS[type_])
        ports = STEP_TYPES[type_].ports_of(STEP_TYPES[type_].fields.model_validate(fields))
        out = draw(st.dictionaries(st.sampled_from(ports), st.sampled_from(ids), max_size=len(ports))) if ports else {}
        node = {"id": id_, "type": type_, "name": draw(NAMES), "fields": fields, "out": out}
        nodes.append({**node, "x": draw(NUMBERS), "y": draw(NUMBERS)})
    strategy = check({"format": "campaign-strategy/1", "name": draw(NAMES), "nodes": nodes}).strategy
    assume(strategy is not None)
    assert strategy is not None
    return strategy


def as_edited(flow: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the editor's dialogs write fields back: numbers as text, lists with commas, empty texts for what is not set."""
    kept = {"x", "y", "wires", "rules"}
    return [{key: value if key in kept else _edited(value) for key, value in entry.items()} for entry in flow]


def _edited(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value


@st.composite
def drawn_otherwise(draw: st.DrawFn, flow: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same strategy with junctions and links in its wires, comments, groups in groups, and steps for looks only."""
    tab = flow[0]["id"]
    drawn = [{**entry} for entry in flow]
    extra: list[dict[str, Any]] = [{"id": "note", "type": "comment", "z": tab, "name": "why", "wires": []}]
    for entry in drawn[1:]:
        entry["wires"] = [
            [_through(draw, target, f"{entry['id']}.{port}", tab, extra) for target in targets]
            for port, targets in enumerate(entry["wires"])
        ]
    members = draw(st.lists(st.sampled_from(drawn[1:]), unique_by=lambda entry: entry["id"]))
    for entry in members:
        entry["g"] = "inner"
    outer = {"id": "outer", "type": "group", "z": tab, "nodes": ["inner"], "style": {"stroke": "#a4a4a4"}, "x": 1}
    inner = {"id": "inner", "type": "group", "z": tab, "g": "outer", "nodes": [entry["id"] for entry in members]}
    return [drawn[0], outer, inner, *drawn[1:], *extra]


def _through(draw: st.DrawFn, target: str, name: str, tab: str, extra: list[dict[str, Any]]) -> str:
    """The first point on the way to the target."""
    for turn, kind in enumerate(draw(st.lists(st.sampled_from(["junction", "link", "debug"]), max_size=3))):
        point = f"{name}.{turn}"
        here = {"id": point, "z": tab, "x": 1, "y": 2, "wires": [[target]]}
        if kind == "link":
            extra.append({**here, "type": "link in"})
            extra.append(
                {**here, "id": f"{point}out", "type": "link out", "links": [point], "wires": [], "mode": "link"}
            )
            point = f"{point}out"
        elif kind == "junction":
            extra.append({**here, "type": "junction"})
        else:
            extra.append({**here, "id": f"{point}debug", "type": "debug", "wires": []})
            extra.append({**here, "type": "junction", "wires": [[f"{point}debug", target]]})
        target = point
    return target


@st.composite
def with_subflow(draw: st.DrawFn, flow: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], set[str]]:
    """The same with some steps moved into a subflow of which there is one instance, `sub`; and which steps those are.

    A subflow has one way in: it leads to the first of the steps, and the others are only reached from inside.
    """
    tab, steps = flow[0]["id"], [{**entry} for entry in flow[1:]]
    first = draw(st.sampled_from(steps[1:]))["id"]
    inside = {first}
    for entry in steps[1:]:
        reached_by = {other["id"] for other in steps for ways in other["wires"] if entry["id"] in ways}
        if reached_by and reached_by <= inside and draw(st.booleans()):
            inside.add(entry["id"])
    ends: dict[str, list[dict[str, Any]]] = {}  # by what is outside: the ways that lead there
    for entry in steps:
        for port, targets in enumerate(entry["wires"]):
            target = targets[0] if targets else None
            if entry["id"] in inside and target not in {None, *inside}:
                ends.setdefault(str(target), []).append({"id": entry["id"], "port": port})
                entry["wires"][port] = []
            elif entry["id"] not in inside and target == first:
                entry["wires"][port] = ["sub"]
        entry["z"] = "s" if entry["id"] in inside else tab
    out = [{"x": 1, "y": 1, "wires": wires} for wires in ends.values()]
    definition = {"id": "s", "type": "subflow", "name": "S", "in": [{"wires": [{"id": first}]}], "out": out, "env": []}
    wires = [["sub"] if target == first else [target] for target in ends]
    instance = {"id": "sub", "type": "subflow:s", "z": tab, "x": 5, "y": 5, "wires": wires, "env": []}
    return [flow[0], definition, instance, *steps], inside
