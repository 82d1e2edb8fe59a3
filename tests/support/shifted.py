"""`dialer` as its users run it, but with a wall clock that a test can set: `CLOCK=file python -m tests.support.shifted serve`.

The file says by how many seconds it is off; time-machine makes that true for all of Python in the process (the steady
clock goes on as it was, as in a machine whose clock is set).
"""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from dialer import cli

ENVIRONMENT = "CLOCK"
LOOK_EVERY_S = 0.02


def follow(file: Path) -> None:
    """Set the clock as the file says, for ever."""
    traveller = time_machine.travel(datetime.now(UTC), tick=True).start()
    is_off = 0.0
    while True:
        wanted = float(file.read_text() or is_off)
        if wanted != is_off:
            traveller.shift(timedelta(seconds=wanted - is_off))
            is_off = wanted
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    threading.Thread(target=follow, args=(Path(os.environ[ENVIRONMENT]),), daemon=True).start()
    cli.main()


if __name__ == "__main__":
    main()
