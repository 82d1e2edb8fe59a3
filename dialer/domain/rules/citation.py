"""Which rule refuses something: what the trail, the answer to "why not?" and the API tell with every refusal."""

from dataclasses import asdict, dataclass

from dialer.domain.said import Said


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule by its id, and the pack and version in which it stands."""

    rule: str
    pack: str
    version: str

    def __str__(self) -> str:
        told = {"rule": self.rule, "pack": f"{self.pack} {self.version}"}
        return Said("rule %(rule)s of the pack %(pack)s", **told)

    def to_json(self) -> dict[str, str]:
        return asdict(self)
