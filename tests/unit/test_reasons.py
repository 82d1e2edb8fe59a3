"""Every condition that the answer to "why not?" can name is explained to people."""

import re
from pathlib import Path

import pytest

from dialer.domain.windows import Closed
from dialer.pacing import no_call
from dialer.pacing.gates import Against

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/how-to/find-out-why-nobody-is-called.md"
NAMED = re.compile(r'(?:Reason\(\s*|return )"([a-z]+(?:-[a-z]+)+)"')
# Told by codes of their own, or by the opening's reason.
INNER = {Against.GATEWAY_LIMIT, Against.CLOSED, Against.NO_AGENT}


@pytest.mark.req("K13")
def test_every_condition_is_in_the_guide() -> None:
    modules = ("eligibility.py", "no_call.py", "no_rule.py", "no_text.py", "no_webhook.py")
    found = {code for name in modules for code in NAMED.findall((ROOT / "dialer/pacing" / name).read_text())}
    assert {"not-due", "link-down", "no-agent-logged-in", "sms-gateway-unbound", "others-first"} <= found
    found |= {*no_call._ALL.values(), *(str(one) for one in Closed), *(str(one) for one in Against if one not in INNER)}
    found |= {"no-agent-free", "stopped", "waiting"}
    guide = GUIDE.read_text(encoding="utf-8")
    assert [code for code in sorted(found) if f"`{code}`" not in guide] == []
