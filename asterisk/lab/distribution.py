"""Where an Asterisk lies on this machine and how it is started: our private tree, or the distribution's package."""

import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = {20: 11, 21: 6, 22: 1}  # minor version by series: the first with the event filters of manager_dialer.conf


@dataclass(frozen=True, slots=True)
class Distribution:
    """An Asterisk that can be started.

    `command` is what stands before Asterisk's own arguments, `data` holds `documentation/`, `modules` the `.so` files.
    """

    command: tuple[str, ...]
    modules: Path
    data: Path
    origin: str

    def version(self) -> str:
        """The version as Asterisk says it (`22.10.1…`), `unknown` if it cannot be run."""
        try:
            said = subprocess.run([*self.command, "-V"], capture_output=True, text=True, timeout=60, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            return "unknown"
        return said.split()[1] if len(said.split()) > 1 else "unknown"


def cache_folder() -> Path:
    """`DIALER_CACHE` or the project's `.cache`, and in it `asterisk/`."""
    return Path(os.environ.get("DIALER_CACHE") or PROJECT / ".cache") / "asterisk"


def in_tree(tree: Path) -> Distribution | None:
    """The private Asterisk in an extracted tree; None if the tree is missing or incomplete."""
    loader = next(tree.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"), None)
    binary = tree / "usr/sbin/asterisk"
    if loader is None or not binary.is_file():
        return None
    libraries = loader.parent
    # The tree brings its own C library, so the machine's must not be mixed in: start by the tree's own loader.
    command = (str(loader), "--library-path", str(libraries), str(binary))
    return Distribution(command, libraries / "asterisk/modules", tree / "usr/share/asterisk", str(tree))


def in_path() -> Distribution | None:
    """An Asterisk that the distribution installed, if it is new enough."""
    binary = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        return None
    prefixes = [Path("/usr/lib"), *Path("/usr/lib").glob("*-linux-gnu*"), Path("/usr/lib64"), Path("/usr/local/lib")]
    modules = next((p / "asterisk/modules" for p in prefixes if (p / "asterisk/modules/app_queue.so").is_file()), None)
    places = (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"), Path("/usr/local/share/asterisk"))
    data = next((p for p in places if (p / "documentation/core-en_US.xml").is_file()), None)
    if modules is None or data is None:
        return None
    found = Distribution((binary,), modules, data, binary)
    return found if new_enough(found.version()) else None


def new_enough(version: str) -> bool:
    """Whether an Asterisk of this version (`22.10.1~dfsg`) understands the snippets."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        return False
    major, minor = int(numbers[1]), int(numbers[2])
    return major > max(OLDEST) or minor >= OLDEST.get(major, minor + 1)


def find() -> Distribution | None:
    """The Asterisk to use, without the network: the tree, else a kept tarball unpacked, else the distribution's own."""
    cache = cache_folder()
    tree = cache / "tree"
    if not tree.is_dir():
        kept = sorted(cache.glob("*.tar.*"))
        if kept:
            unpack(kept[-1], tree)
    return in_tree(tree) or in_path()


def unpack(tarball: Path, tree: Path) -> None:
    """Unpack beside the target and rename, so that a tree is either whole or absent."""
    partial = tree.with_name(f"{tree.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with tarfile.open(tarball) as archive:
            # As an attribute it does no harm to Python before 3.11.4, Debian 12's own among them, which knows no filters.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(partial)  # noqa: S202
        partial.rename(tree)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
