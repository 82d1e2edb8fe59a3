"""When calls and texts were written to their connections, told by the process that wrote them.

The records of the world and of the SMSC have the moment at which something arrived there: later, on a busy machine by any time.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from dialer.ami.connection import Connection
from dialer.ami.originate import Action
from sms.link import Link


@dataclass
class Written:
    """`calls`: channels that were asked for, such as PJSIP/15550001@carrier. Times are aware UTC."""

    calls: list[tuple[datetime, str]] = field(default_factory=list)
    texts: list[datetime] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> "Written":
        send, submit = Connection.send, Link.submit

        def send_noted(connection: Connection, action: Action, **how: Any) -> Any:
            if action["Action"] == "Originate":
                self.calls.append((datetime.now(UTC), str(action["Channel"])))
            return send(connection, action, **how)

        def submit_noted(link: Link, *what: Any) -> None:
            self.texts.append(datetime.now(UTC))
            submit(link, *what)

        monkeypatch.setattr(Connection, "send", send_noted)
        monkeypatch.setattr(Link, "submit", submit_noted)
        return self
