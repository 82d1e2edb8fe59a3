"""What comes out of a step of the strategy: the effect to write down and carry out, and the trail of how it came."""

from datetime import datetime, timedelta

from dialer.domain.record import record
from dialer.strategy.call_fields import Machines
from dialer.strategy.events import RequestKey
from dialer.strategy.fields import Until
from dialer.strategy.memory import Memory

DONE = "done"
MAX_ATTEMPTS = "max_attempts"
MAX_VISITS = "max_visits"
ENDLESS_LOOP = "endless_loop"
STEP_MISSING = "step_missing"


@record
class RequestCall:
    """Call `number` (as the contact has it, E.164) at `due_at` or later; empty fields mean the campaign's own."""

    node: str
    visit: int
    try_no: int
    number: str
    mode: str | None
    queue: str | None
    gateway: str | None
    ring_s: int
    amd: Machines
    machine_message: str | None
    priority: int
    due_at: datetime

    @property
    def key(self) -> RequestKey:
        return RequestKey(self.node, self.visit, self.try_no)


@record
class RequestSms:
    """Send `text`, already filled in, to `number` at `due_at` or later; empty fields mean the campaign's own.

    `timeout` runs from the moment the text is accepted (the `Stay` that answers `submitted` carries it as `due_at`).
    """

    node: str
    visit: int
    try_no: int
    number: str
    gateway: str | None
    sender: str | None
    text: str
    until: Until
    timeout: timedelta
    validity: timedelta | None
    due_at: datetime

    @property
    def key(self) -> RequestKey:
        return RequestKey(self.node, self.visit, self.try_no)


@record
class RequestWebhook:
    """Send `body` to `url`, both already filled in, at `due_at` or later; the answer is awaited for `timeout_s` seconds."""

    node: str
    visit: int
    try_no: int
    method: str
    url: str
    host: str
    body: str
    timeout_s: int
    save_as: str | None
    due_at: datetime

    @property
    def key(self) -> RequestKey:
        return RequestKey(self.node, self.visit, self.try_no)


@record
class Hold:
    """The contact waits at the node; send `Due` at `due_at`."""

    node: str
    due_at: datetime


@record
class Stay:
    """Nothing to start: the contact goes on waiting where it is; send `Due` at `due_at` if there is one."""

    due_at: datetime | None


@record
class Finish:
    """The contact is done, for good."""

    result: str


Request = RequestCall | RequestSms | RequestWebhook
Effect = Request | Hold | Stay | Finish


@record
class Hop:
    """One line of the trail: at `node` the way `port` was taken (empty: the contact stayed or ended), and why.

    `outcome` is that of the step which was left: of its call, its text, its webhook; `done` where there is none.
    """

    node: str
    port: str
    why: str
    outcome: str = DONE


@record
class Step:
    """The answer to one event. Write all of it in one transaction: memory, effect, hops and the changed attributes.

    `moved_after` is how many of the hops belong to the contact's version when it went over to the successor; None if it
    stayed on its version.
    """

    memory: Memory
    effect: Effect
    hops: tuple[Hop, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    moved_after: int | None = None
