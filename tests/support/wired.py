"""Random strategies that run, wired in any way that the check allows, and contacts for them."""

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from dialer.domain.outcome import Outcome
from dialer.strategy.catalogue import STEP_TYPES
from dialer.strategy.check import check
from dialer.strategy.events import ContactFacts
from dialer.strategy.model import Strategy

DURATIONS = st.sampled_from(["0s", "90s", "15m", "2h", "3d"])
POSITIVE = st.sampled_from(["90s", "15m", "2h", "3d"])
RULES = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["eq", "gt", "in", "empty", "contains"]), "value": st.sampled_from("a1")}
    ),
    min_size=1,
    max_size=3,
)
FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "call": st.fixed_dictionaries(
        {
            "tries": st.integers(1, 4),
            "retry_after": st.lists(DURATIONS, min_size=1, max_size=3),
            "retry_on": st.lists(st.sampled_from([o.value for o in Outcome if o is not Outcome.ANSWERED]), max_size=9),
            "number": st.integers(1, 2),
        }
    ),
    "sms": st.fixed_dictionaries(
        {
            "text": st.sampled_from(["Hi", "Hi {{a}}", "{{none}}"]),
            "until": st.sampled_from(["accepted", "delivered", "replied"]),
            "timeout": POSITIVE,
        }
    ),
    "wait": st.one_of(
        st.fixed_dictionaries({"duration": POSITIVE}),
        st.just({"kind": "until_time", "at": "02:30"}),
        st.just({"kind": "until_date", "at": "2026-03-29"}),
        st.just({"kind": "until_attribute", "at": "a"}),
    ),
    "branch": st.fixed_dictionaries({"on": st.sampled_from(["a", "last.outcome", "count.attempts"]), "rules": RULES}),
    "time-window": st.fixed_dictionaries(
        {"from": st.just("09:00"), "to": st.just("17:00"), "kind": st.sampled_from(["hold", "branch"])}
    ),
    "webhook": st.fixed_dictionaries(
        {
            "url": st.sampled_from(["https://x.example/", "http://{{a}}.example/{{a}}?b={{none|0}}"]),
            "body": st.sampled_from(["", '{"a": "{{a}}"}', "{{none}}"]),
            "save_as": st.sampled_from(["a", None]),
        }
    ),
    "set-attribute": st.one_of(
        st.fixed_dictionaries({"attribute": st.just("a"), "value": st.sampled_from(["1", "{{a}}1"])}),
        st.just({"attribute": "do_not_contact", "value": "campaign"}),
    ),
    "end": st.just({}),
}


TAKE_TIME = ("call", "sms", "wait", "webhook", "time-window")


@st.composite
def graphs(draw: st.DrawFn, *, busy: bool = False) -> Strategy:
    """Random wiring; what the check refuses (loops that let no time pass) is not a strategy.

    `busy`: contacts stay long, as most steps take time and most ports are wired, and the first step is one of them.
    """
    ids = [f"n{index}" for index in range(draw(st.integers(1, 8)))]
    limits = {
        "max_attempts": draw(st.integers(1, 6)),
        "max_visits": draw(st.integers(1, 4)),
        "on_edit": draw(st.sampled_from(["next_step", "not_started", "keep"])),
    }
    nodes: list[dict[str, Any]] = [{"id": "in", "type": "contact-in", "fields": limits, "out": {"next": ids[0]}}]
    for id_ in ids:
        first = busy and id_ == ids[0]
        type_ = draw(st.sampled_from(TAKE_TIME[:2] if first else (*FIELDS, *(TAKE_TIME if busy else ()))))
        fields = draw(FIELDS[type_])
        ports = STEP_TYPES[type_].ports_of(STEP_TYPES[type_].fields.model_validate(fields))
        # Back only from a wait: hardly any other loop is one in which time passes.
        onward = ids if not busy or type_ == "wait" else ids[ids.index(id_) + 1 :]
        most = {
            port: draw(st.sampled_from(onward)) for port in ports if onward and (not busy or draw(st.integers(0, 5)))
        }
        out = most if busy else {port: node for port, node in most.items() if draw(st.booleans())}
        nodes.append({"id": id_, "type": type_, "fields": fields, "out": out})
    strategy = check({"format": "campaign-strategy/1", "name": "random", "nodes": nodes}).strategy
    assume(strategy is not None)
    assert strategy is not None
    return strategy


contacts = st.builds(
    ContactFacts,
    addresses=st.lists(st.tuples(st.sampled_from(["voice", "sms", "email"]), st.just("+4930111")), max_size=3).map(
        tuple
    ),
    attributes=st.dictionaries(st.just("a"), st.sampled_from(["1", "x", "2026-04-01"])),
    time_zone=st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Nowhere"]),
)
