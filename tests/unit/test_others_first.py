"""Why not: calls of other campaigns come first only where there are not agents for them and for this one, too."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialer.domain.members import Member
from dialer.domain.telephony import MemberStatus
from dialer.pacing.limits import Allowance
from dialer.pacing.no_call import of_others
from dialer.pacing.outlook import CallOutlook, Other, QueueView, Rival
from dialer.pacing.sharing import Contender

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
MINE, BETTER = Contender(1, priority=5, weight=1), Contender(2, priority=6, weight=1)
ANN, BEA = (Member("sales", f"PJSIP/{name}", name, MemberStatus.NOT_IN_USE, ()) for name in ("ann", "bea"))


def first(others_queue: str, ready: int, shared: frozenset[str] = frozenset(), **queue: int) -> bool:
    """Whether a better campaign's calls to its queue come first; Ann and Bea are free in mine."""
    rivals = (Rival("support", 0, shared),)
    outlook = CallOutlook(
        runs=True, automatic=True, draining=False, link_up=True, link_reason="", campaign=Allowance(),
        queues=(replace(QueueView("sales", known=True, members=(ANN, BEA), rivals=rivals), **queue),),
        gateway_name="carrier", gateway=None, gateway_limit=Allowance(), contender=MINE, own_queue="sales",
        others=(Other(BETTER, "Better", others_queue, ready),),
    )  # fmt: skip
    return bool(list(of_others(outlook, 0, NOW)))


@pytest.mark.req("K13", "D1")
def test_in_one_queue_each_call_takes_an_agent() -> None:
    assert [first("sales", ready) for ready in (1, 2, 3)] == [False, True, True]
    assert first("sales", 1, in_flight=1)


@pytest.mark.req("K13", "D1")
def test_calls_to_another_queue_take_only_agents_who_sit_in_both() -> None:
    """Found by the property test: two calls to support take Ann and somebody who is not in sales; Bea is left."""
    assert not first("support", 2, frozenset({"PJSIP/ann"}))
    assert first("support", 2, frozenset({"PJSIP/ann", "PJSIP/bea"}))
    assert not first("support", 1, frozenset({"PJSIP/ann", "PJSIP/bea"}))
    assert first("support", 1, frozenset({"PJSIP/ann"}), in_flight=1)


@pytest.mark.req("K13", "D1")
def test_it_names_who_comes_first() -> None:
    outlook = CallOutlook(
        runs=True, automatic=True, draining=False, link_up=True, link_reason="", campaign=Allowance(),
        queues=(QueueView("sales", known=True, members=(ANN,)),), gateway_name="carrier", gateway=None,
        gateway_limit=Allowance(), contender=MINE, others=(Other(BETTER, "Better", "sales", 1),),
    )  # fmt: skip
    (reason,) = of_others(outlook, 0, NOW)
    assert reason.code == "other-campaigns-first"
    assert "“Better” (priority 6, weight 1) with 1 call" in reason.text
