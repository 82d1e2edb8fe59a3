"""Which rule refuses something: what the trail, the answer to "why not?" and the API tell with every refusal."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule by its id, and the pack and version in which it stands."""

    rule: str
    pack: str
    version: str

    def __str__(self) -> str:
        return f"rule {self.rule} of the pack {self.pack} {self.version}"

    def to_json(self) -> dict[str, str]:
        return asdict(self)
