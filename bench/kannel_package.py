"""Kannel for a comparison, without root: Debian's package and its libraries, unpacked into the project's cache."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from asterisk.lab.distribution import cache_folder

_BOXES = ("bearerbox", "smsbox")
_WAIT_S = 120


class NoKannelError(Exception):
    """None could be had; the text says why."""


@dataclass(frozen=True)
class Kannel:
    """`bearerbox` holds the link to the SMSC, `smsbox` takes texts over HTTP. `libraries` come beside those of the machine."""

    bearerbox: str
    smsbox: str
    libraries: tuple[Path, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, self.libraries))}


def ensure() -> Kannel:
    """The installed one, or the one in the cache, fetched now if it is not there. Raises NoKannelError."""
    installed = [shutil.which(box) for box in _BOXES]
    if all(installed):
        return Kannel(*map(str, installed))
    tree = cache_folder().parent / "kannel"
    if not (tree / "usr/sbin/bearerbox").is_file():
        try:
            _fetch(tree)
        except (OSError, subprocess.SubprocessError) as fault:
            said = (getattr(fault, "stderr", None) or str(fault)).strip().splitlines()[-1]
            raise NoKannelError(f"Debian's package `kannel` could not be fetched: {said}; install it") from fault
    libraries = sorted({found.parent for found in tree.rglob("*.so*")})
    return Kannel(*(str(tree / "usr/sbin" / box) for box in _BOXES), tuple(libraries))


def _fetch(tree: Path) -> None:
    work = tree.with_name("kannel-fetch")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    needed = [line.split()[-1] for line in _run("apt-cache", "depends", "--important", "kannel").splitlines()]
    libraries = [
        name for name in needed if name.startswith("lib") and name != "libc6"
    ]  # the machine's own fits its loader
    _run("apt-get", "-q", "download", "kannel", *libraries, cwd=work)
    for package in sorted(work.glob("*.deb")):
        _run("dpkg-deb", "-x", str(package), str(work / "tree"))
    shutil.rmtree(tree, ignore_errors=True)
    (work / "tree").rename(tree)
    shutil.rmtree(work)


def _run(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_WAIT_S, check=True
    )
    return done.stdout
