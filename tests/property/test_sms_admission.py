"""However the segments come, no second carries more of them than the rate and its burst allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.admission import Admission, TokenBucket


@pytest.mark.req("M1", "M4")
@given(st.floats(0.1, 1000), st.integers(1, 20), st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0, 5))
def test_the_rate_holds_over_any_span(rate: float, burst: int, pauses: list[float], held: float) -> None:
    slots = Admission(10_000, TokenBucket(rate, burst, 0.0), bound=1)
    slots.hold(held)
    now, sent = 0.0, []
    for pause in pauses:
        now += pause
        # Waiting for what `delay` says is enough, in a bounded number of waits.
        for _ in range(3):
            now += slots.delay(now)
        assert slots.delay(now) == 0
        slots.take(now)
        sent.append(now)
    assert sent[0] >= held
    for start in range(len(sent)):
        for end in range(start, len(sent)):
            assert end - start + 1 <= burst + rate * (sent[end] - sent[start]) + 1e-3
