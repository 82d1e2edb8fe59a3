"""`python -m asterisk.lab.install`: a private Asterisk for the demo and the tests, without root.

Debian 12 and 13 have no `asterisk` package, the next suites on the same mirror do. A throw-away apt configuration fetches
that package with the libraries it needs; nothing is installed, the packages are unpacked into one folder and started with
the C library that came with them. The result is kept as a tarball too, because those suites move.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from asterisk.lab import aptsource, distribution
from asterisk.lab.distribution import Distribution

SUITES = ("forky", "sid")
# Never needed at run time. The documentation in usr/share/asterisk must stay: without it Asterisk does not start.
DROPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/gdb", "usr/share/gcc")
ALTERNATIVE = (
    "Alternatives: a packaged `asterisk` (22.1 or newer) in PATH is used as it is; or connect the server to your own"
    " Asterisk (see asterisk/README.md) and start it with `dialer serve`."
)
Say = Callable[[str], None]


class InstallError(Exception):
    """No Asterisk could be had; the text says why and what to do instead."""


def ensure(say: Say = print) -> Distribution:
    """The Asterisk to use; installed now if there is none.

    Raises InstallError if this is not Debian, apt is missing or the mirror cannot be reached.
    """
    cache = distribution.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(cache / ".lock"):
        try:
            found = distribution.find()
            if found is None:
                distribution.unpack(_fetch(cache, say), cache / "tree")
                found = distribution.find()
        except tarfile.TarError as fault:
            raise InstallError(
                f"The kept tarball in {cache} cannot be read ({fault}): remove it, try again."
            ) from fault
    if found is None:
        raise InstallError(f"The packages came without a working Asterisk; remove {cache} and try again. {ALTERNATIVE}")
    return found


def _fetch(cache: Path, say: Say) -> Path:
    source = _machine_source()
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as name:
        work = Path(name)
        for suite in SUITES:
            say(f"Looking for asterisk in Debian {suite}")
            try:
                _update(work, aptsource.source_line(source, suite))
                packages = _packages(work)
            except subprocess.SubprocessError as fault:
                say(f"  not there: {_reason(fault)}")
                continue
            return _download(work, packages, cache, say)
    raise InstallError(
        f"No Debian suite of {', '.join(SUITES)} could be read from this machine's mirror. {ALTERNATIVE}"
    )


def _machine_source() -> aptsource.AptSource:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise InstallError(f"There is no apt on this machine. {ALTERNATIVE}")
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        raise InstallError(f"This is {release.get('NAME', 'not Debian')}, not Debian. {ALTERNATIVE}")
    sources = [
        s for p in Path("/etc/apt/sources.list.d").glob("*.sources") for s in aptsource.parse_deb822(p.read_text())
    ]
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")]
    sources += [s for p in lists if p.is_file() for s in aptsource.parse_one_line(p.read_text())]
    chosen = aptsource.choose(sources, release.get("VERSION_CODENAME", ""))
    if chosen is None:
        raise InstallError(f"No Debian archive was found in /etc/apt. {ALTERNATIVE}")
    return chosen


def _update(work: Path, source_line: str) -> None:
    """Read the suite's package list into a throw-away state; the machine's own apt state is not touched."""
    for folder in ("state/lists/partial", "cache/archives/partial", "debs"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    (work / "sources.list").write_text(source_line)
    # The machine's apt.conf.d still counts (a proxy, for instance), but none of its hooks.
    (work / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{work}/sources.list";\nDir::Etc::SourceParts "/dev/null";\n'
        f'Dir::State "{work}/state";\nDir::State::Lists "{work}/state/lists";\nDir::State::Status "{work}/status";\n'
        f'Dir::Cache "{work}/cache";\nAcquire::Languages "none";\nAPT::Sandbox::User "";\n'
        'Acquire::Retries "2";\nAcquire::http::Timeout "20";\nAPT::Update::Error-Mode "any";\n'
        "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
    )
    _run("apt-get", "-q", "-c", str(work / "apt.conf"), "update")


def _packages(work: Path) -> list[str]:
    """Asterisk, its modules, and all libraries that the program itself needs (not those of every optional module)."""

    def depends(*arguments: str) -> list[str]:
        return _run("apt-cache", "-c", str(work / "apt.conf"), "depends", "--important", *arguments).splitlines()

    direct = [line.split()[-1] for line in depends("asterisk") if line.strip().startswith("Depends: lib")]
    closure = {line for line in depends("--recurse", *direct, "libgsm1") if line and line[0].isalnum()}
    return ["asterisk", "asterisk-modules", *sorted(closure)]


def _download(work: Path, packages: list[str], cache: Path, say: Say) -> Path:
    debs, tree = work / "debs", work / "tree"
    try:
        _run("apt-get", "-q", "-c", str(work / "apt.conf"), "download", *packages, cwd=debs)
        for deb in sorted(debs.glob("*.deb")):
            _run("dpkg-deb", "-x", str(deb), str(tree))
    except subprocess.SubprocessError as fault:
        raise InstallError(f"The packages could not be fetched: {_reason(fault)}. {ALTERNATIVE}") from fault
    size = sum(deb.stat().st_size for deb in debs.glob("*.deb"))
    say(f"Fetched {len(packages)} packages, {size / 1e6:.0f} MB")
    for path in (*DROPPED, *(str(p.relative_to(tree)) for p in tree.glob("usr/lib/*/gconv"))):
        shutil.rmtree(tree / path, ignore_errors=True)
    found = distribution.in_tree(tree)
    version = found.version() if found else "unknown"
    partial = work / "asterisk.tar.gz"
    with tarfile.open(partial, "w:gz", compresslevel=1) as archive:  # speed counts: it is made at every set-up
        archive.add(tree / "usr", "usr", filter=_plain)
    return partial.rename(cache / f"asterisk-{version.split('+')[0]}-{platform.machine()}.tar.gz")


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Owned by whoever unpacks it; links out of the tree (to /etc, /var) are left out: they would lead nowhere."""
    if member.issym() and member.linkname.startswith("/"):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _run(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def _reason(fault: subprocess.SubprocessError) -> str:
    said = (getattr(fault, "stderr", None) or "").strip().splitlines()
    return said[-1] if said else str(fault)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two set-ups at the same time: the second waits and then finds the work done."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Install if needed; 0 if there is an Asterisk to use, else 1 with the reason on stderr."""
    try:
        found = ensure()
    except InstallError as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"Asterisk is ready: {found.origin}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
