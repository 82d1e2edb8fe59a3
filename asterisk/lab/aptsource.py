"""Pure: which Debian mirror and keyring does this machine use? Read from its own apt sources, nothing is assumed."""

from dataclasses import dataclass

ARCHIVE_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class AptSource:
    """One archive that apt takes packages from."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None = None

    @property
    def from_debian(self) -> bool:
        """Signed with Debian's own keys, as other vendors' archives are not; without a key, by the archive's usual name."""
        if self.signed_by is not None:
            return "debian-archive" in self.signed_by
        return self.uri.rstrip("/").endswith("/debian")


def parse_deb822(text: str) -> list[AptSource]:
    """Read a `.sources` file (deb822, see sources.list(5)); stanzas that are disabled or not binary are left out."""
    found: list[AptSource] = []
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in {"no", "false"}:
            continue
        suites, components = (tuple(stanza.get(field, "").split()) for field in ("suites", "components"))
        found += [AptSource(uri, suites, components, _keyring(stanza)) for uri in stanza.get("uris", "").split()]
    return found


def parse_one_line(text: str) -> list[AptSource]:
    """Read a `.list` file: `deb [option=value …] uri suite component…` per line."""
    found: list[AptSource] = []
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        if not line.startswith(("deb ", "deb\t")):
            continue
        options, rest = "", line[4:].strip()
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
        uri, suite, *components = rest.split() if len(rest.split()) >= 2 else ("", "")
        signed_by = dict(o.split("=", 1) for o in options.split() if "=" in o).get("signed-by")
        if uri:
            found.append(AptSource(uri, (suite,), tuple(components), signed_by))
    return found


def choose(sources: list[AptSource], codename: str) -> AptSource | None:
    """The machine's main Debian archive (not updates, not security), or None."""
    names = {codename, "stable", "testing", "forky", "sid", "unstable"}
    fitting = [s for s in sources if s.from_debian and "main" in s.components and names.intersection(s.suites)]
    return next((s for s in fitting if codename in s.suites), fitting[0] if fitting else None)


def source_line(source: AptSource, suite: str) -> str:
    """The sources.list line for the same mirror and keyring with another suite."""
    return f"deb [signed-by={source.signed_by or ARCHIVE_KEYRING}] {source.uri} {suite} main\n"


def _stanzas(text: str) -> list[dict[str, str]]:
    stanzas: list[dict[str, str]] = [{}]
    field = ""
    for line in text.splitlines():
        if not line.strip():
            stanzas.append({})
        elif line.startswith("#"):
            continue
        elif line[0] in " \t":  # a continued value
            stanzas[-1][field] = f"{stanzas[-1].get(field, '')}\n{line.strip()}"
        else:
            name, _, value = line.partition(":")
            field = name.strip().lower()
            stanzas[-1][field] = value.strip()
    return stanzas


def _keyring(stanza: dict[str, str]) -> str | None:
    """The path of the keyring. A key written into the stanza itself is no path: then the archive's name decides."""
    signed_by = stanza.get("signed-by", "").strip()
    return signed_by if signed_by.startswith("/") else None
