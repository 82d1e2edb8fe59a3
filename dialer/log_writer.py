"""Lines of the log go to their stream in a thread: whoever reads them slowly, or not at all, holds up no call."""

import atexit
import threading
from collections import deque
from typing import TextIO

GATHER_S = 0.02  # lines of so long go out in one write
MOST = 10_000  # lines that wait; what comes on top is counted and said, not kept
END_S = 2.0


class LogWriter:
    """Looks like a text stream to a logger. Order is kept; at the end of the process what waits is written for two seconds."""

    def __init__(self, stream: TextIO, most: int = MOST) -> None:
        self._stream, self._most = stream, most
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._some, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, line: str) -> int:
        if len(self._lines) >= self._most:
            self._dropped += 1
        else:
            self._lines.append(line)
            if not self._some.is_set():
                self._some.set()
        return len(line)

    def flush(self) -> None:
        """The thread does."""

    def close(self) -> None:
        self._stop.set()
        self._some.set()
        self._thread.join(END_S)
        atexit.unregister(self.close)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._some.wait()
            self._stop.wait(GATHER_S)
            self._some.clear()  # first: a line that comes now rings again
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if dropped := self._dropped:
            self._dropped -= dropped
            lines.append(f"{dropped} lines of the log were dropped: they were not read as fast as they came\n")
        if not lines:
            return
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError):  # nobody is there to be told, and calls go on
            return
