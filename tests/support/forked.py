"""`dialer` commands without the second and a half of a processor that its imports take: a process has imported it, and forks.

Each command is a process of its own all the same: with its own session, environment and output, ended by signals as any other,
and torn down by the interpreter when it returns. Requests and answers are a line of JSON each, by pipes.
"""

import atexit
import functools
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODULE = "tests.support.forked"
ROOT = Path(__file__).parents[2]


class Child:
    """As far as a test needs it, a `subprocess.Popen` of a process that another one started."""

    def __init__(self, source: "Source", pid: int) -> None:
        self._source, self.pid, self._code = source, pid, None

    @property
    def returncode(self) -> int | None:
        """Negative for the signal that ended it; None while it runs."""
        if self._code is None:
            self._code = self._source.ask(pid=self.pid)
        return self._code

    def send_signal(self, number: int) -> None:
        if (
            self._code is None
        ):  # as far as is known; the number is nobody else's before `returncode` has told of the end
            os.kill(self.pid, number)


class Source:
    """The process that forks, as it is seen from the tests."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # a start does not compile everything again
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen((sys.executable, "-m", MODULE), cwd=ROOT, env=environment, **pipes)
        atexit.register(self._process.communicate)

    def ask(self, **request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@functools.cache
def source() -> Source:
    """One for all tests of this process."""
    return Source()


def start(module: str, *command: str, environment: Mapping[str, str], output: Path) -> Child:
    """The `main` of a module with this command, in a new session; what it says is added to the file."""
    started = source()
    said = started.ask(module=module, command=command, environment=dict(environment), output=str(output))
    return Child(started, said)


def _forked() -> dict[str, Any] | None:
    """Answers until nobody asks any more: None. In a child what it is to be returns at once."""
    for line in sys.stdin:
        request = json.loads(line)
        if "pid" in request:
            answer = _code(request["pid"])
        elif (answer := os.fork()) == 0:
            return dict(request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return None


def _code(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _become(command: Sequence[str], environment: Mapping[str, str], output: str) -> None:
    os.setsid()
    files = (os.open(os.devnull, os.O_RDONLY), os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))
    for number, file in enumerate((*files, files[1])):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["dialer", *command]


def _main() -> None:
    importlib.import_module("dialer.cli")
    if request := _forked():
        module = request.pop("module")
        _become(**request)
        importlib.import_module(module).main()


if __name__ == "__main__":
    _main()
