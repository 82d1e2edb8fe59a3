"""Every setting of the server, with its default, range and meaning. The reference page is made from this tree."""

import platform
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.http import Http
from config.section import Port, Section

Seconds = Annotated[float, Field(gt=0, le=3600)]


class Database(Section):
    url: str = Field(
        default="sqlite+aiosqlite:///dialer.db",
        description="Where everything is kept: `sqlite+aiosqlite:///FILE`, or `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`.",
    )

    @field_validator("url")
    @classmethod
    def _known_driver(cls, url: str) -> str:
        scheme = url.partition("://")[0]
        if scheme in {"postgresql", "postgres"}:
            return "postgresql+asyncpg" + url[len(scheme) :]
        if scheme not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
            raise ValueError("must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")
        return url


class Ami(Section):
    host: str = Field(default="127.0.0.1", description="Address of Asterisk's manager interface (AMI).")
    port: Port = Field(default=5038, description="Port of the manager interface.")
    username: str = Field(default="dialer", description="AMI user, see asterisk/manager_dialer.conf.")
    secret: SecretStr = Field(default=SecretStr(""), description="Secret of the AMI user.")
    tls: bool = Field(default=False, description="Speak TLS to the manager interface (`tlsenable` in manager.conf).")
    context: str = Field(
        default="dialer",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Dialplan context of asterisk/extensions_dialer.conf.",
    )
    ping_interval_s: Seconds = Field(default=1.0, description="How often the link is proven alive, in seconds.")
    ping_deadline_s: Seconds = Field(
        default=2.0,
        description="A ping unanswered for this long makes the link stale: nothing is originated, in seconds.",
    )


class Calls(Section):
    queue_wait_s: int = Field(
        default=20,
        ge=1,
        le=600,
        description="How long an answered callee waits for an agent before the call counts as abandoned, in seconds; a campaign may set its own. Where rules say two seconds, set 2.",
    )
    opt_out_key: str = Field(
        default="9",
        pattern=r"^[0-9*#]?$",
        description="The key with which a callee who hears the message to abandoned calls comes onto the do-not-contact list of everybody; empty: none.",
    )
    wrap_up_s: dict[str, int] = Field(
        default_factory=dict,
        description="Wrap-up by queue, in seconds, for queues whose `wrapuptime` is set for the queue as a whole (Asterisk does not report that one).",
    )
    no_answer_limit: int = Field(
        default=3,
        ge=0,
        le=100,
        description="An agent who leaves so many calls in a row ringing is not counted as free for a while: people would wait for nobody. Taking a call, making one, or changing the pause ends it. 0: never.",
    )
    no_answer_rest_s: float = Field(
        default=300, ge=1, le=86_400, description="How long such an agent is not counted as free, in seconds."
    )
    drain_s: float = Field(
        default=30,
        ge=0,
        le=3600,
        description="On SIGTERM, how long calls in flight may take to end before they are left to the next start, in seconds.",
    )
    lease_s: float = Field(
        default=60,
        ge=5,
        le=3600,
        description="How long claimed requests stay reserved for a node that shows no sign of life, in seconds.",
    )


class Preview(Section):
    reserve_s: int = Field(
        default=60,
        ge=5,
        le=3600,
        description="How long an agent may look at a contact that is offered before it goes back, in seconds.",
    )
    skip_delay_s: int = Field(
        default=300,
        ge=0,
        le=604_800,
        description="After how long a contact that an agent skipped, or did not answer for, is offered again, in seconds.",
    )
    agent_ring_s: int = Field(
        default=20,
        ge=5,
        le=120,
        description="How long the telephone of an agent who accepted rings before the contact goes back, in seconds.",
    )
    most_missed: int = Field(
        default=3,
        ge=1,
        le=100,
        description="After so many offers in a row without an answer an agent is not ready any more.",
    )


Milliseconds = Annotated[int, Field(ge=1, le=60_000)]


class Amd(Section):
    """How machines are told from people: the options of Asterisk's AMD(), with its defaults."""

    initial_silence_ms: Milliseconds = Field(
        default=2500, description="Silence before the greeting that makes it a machine, in milliseconds."
    )
    greeting_ms: Milliseconds = Field(
        default=1500, description="A longer greeting makes it a machine, in milliseconds."
    )
    after_greeting_silence_ms: Milliseconds = Field(
        default=800, description="Silence after the greeting that makes it a person, in milliseconds."
    )
    total_analysis_ms: Milliseconds = Field(
        default=5000, description="Undecided after this time, it is taken for a person, in milliseconds."
    )
    minimum_word_ms: Milliseconds = Field(default=100, description="What is shorter is no word, in milliseconds.")
    between_words_silence_ms: Milliseconds = Field(default=50, description="Silence that ends a word, in milliseconds.")
    maximum_words: int = Field(default=3, ge=1, le=100, description="More words make it a machine.")
    silence_threshold: int = Field(
        default=256, ge=1, le=32_767, description="The average level up to which it is silence."
    )
    maximum_word_ms: Milliseconds = Field(
        default=5000, description="A longer word makes it a machine, in milliseconds."
    )
    message_silence_ms: Milliseconds = Field(
        default=2000,
        description="How long a machine must be silent, after its greeting and the tone, before a message is left, in milliseconds.",
    )

    def options(self) -> str:
        """The arguments of AMD() in their order, joined by hyphens."""
        return "-".join(
            str(one)
            for one in (
                self.initial_silence_ms,
                self.greeting_ms,
                self.after_greeting_silence_ms,
                self.total_analysis_ms,
                self.minimum_word_ms,
                self.between_words_silence_ms,
                self.maximum_words,
                self.silence_threshold,
                self.maximum_word_ms,
            )
        )


class Rest(Section):
    calls_per_second: float = Field(
        default=50, gt=0, le=10_000, description="How many pushes of contacts a campaign's REST source takes a second."
    )
    contacts_per_minute: int = Field(
        default=100_000, ge=1, le=100_000_000, description="How many contacts a campaign's REST source takes a minute."
    )


Host = Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9_:.-]+$|^\[[0-9A-Fa-f:.]+\]$", max_length=253)]


class Webhooks(Section):
    allowed_hosts: frozenset[Host] = Field(
        default=frozenset(),
        description="The hosts that webhooks may call, those of strategies and those that tell events, such as `hooks.example.com`, or `*.example.com` for every name below it. None: no webhook runs.",
    )
    allow_private: bool = Field(
        default=False,
        description="Let webhooks reach private addresses and this machine itself (`127.0.0.1`, `10.…`), for receivers within the house. Link-local addresses, behind which clouds keep their metadata, stay refused.",
    )
    per_campaign: int = Field(
        default=5, ge=1, le=100, description="How many webhooks of a campaign may be under way at the same time."
    )
    timeout_s: float = Field(
        default=10, gt=0, le=60, description="How long the receiver of an event may take to answer, in seconds."
    )
    endpoints_at_once: int = Field(
        default=20, ge=1, le=200, description="To how many endpoints events may be on their way at the same time."
    )
    requests_at_once: int = Field(
        default=4,
        ge=1,
        le=50,
        description="How many events may be on their way to one endpoint at the same time. Those of one contact never are.",
    )
    backlog: int = Field(
        default=100_000,
        ge=100,
        description="How many events may wait for one endpoint. When so many do, further ones are not kept for it, which the log and its page say.",
    )
    keep_days: float = Field(
        default=7, gt=0, le=3650, description="How long events are kept after they were delivered or given up, in days."
    )
    secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Key with which the webhooks of strategies are signed. Unset, one is derived from `secret_key`; `dialer webhook-secret` prints it.",
    )


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is written."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="`console` for people, `json` for machines."
    )


STOP_WORDS = (
    "STOP", "STOPALL", "STOP ALL", "STOP PLEASE", "PLEASE STOP", "STOP IT", "STOP NOW", "STOP TEXTING ME", "STOP CALLING ME",
    "STOP MESSAGING ME", "QUIT", "END", "REVOKE", "OPT OUT", "OPTOUT", "CANCEL", "UNSUBSCRIBE", "REMOVE ME", "DO NOT CALL",
    "DO NOT TEXT", "DONT CALL ME", "DONT TEXT ME", "DON'T CALL ME", "DON'T TEXT ME",
)  # fmt: skip


# Characters of a text of one segment: plain ASCII, and others (3GPP 23.038).
ONE_SEGMENT, ONE_SEGMENT_UCS2 = 160, 70


class Replies(Section):
    stop_words: tuple[str, ...] = Field(
        default=STOP_WORDS,
        max_length=500,
        description="A reply that is one of these, whatever its case, accents and punctuation, puts the number on the do-not-contact list of everybody. Add those of your languages, such as `ARRET`, `STOPP`, `BAJA`.",
    )
    stop_confirmation: str = Field(
        default="You will get no more calls or texts from us.",
        description="The one text that confirms it, sent at once and never again; empty: none.",
    )

    @field_validator("stop_confirmation")
    @classmethod
    def _is_one_segment(cls, text: str) -> str:
        is_plain = text.isascii() and text.isprintable() and not set(text) & set("[]{}~^|\\`")
        most = ONE_SEGMENT if is_plain else ONE_SEGMENT_UCS2
        if len(text) > most:
            raise ValueError(f"has {len(text)} characters; at most {most} of these fit into one text")
        return text

    @field_validator("stop_words")
    @classmethod
    def _are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not any(one.isalnum() for one in word):
                raise ValueError(f"{word!r} has no letter or digit: it would never be replied")
        return words


class Settings(BaseSettings):
    """The whole tree. The environment (`DIALER_AMI__HOST`) wins over the file (`[ami] host`)."""

    model_config = SettingsConfigDict(env_prefix="DIALER_", env_nested_delimiter="__", extra="forbid", frozen=True)

    database: Database = Field(default_factory=Database)
    http: Http = Field(default_factory=Http)
    ami: Ami = Field(default_factory=Ami)
    calls: Calls = Field(default_factory=Calls)
    preview: Preview = Field(default_factory=Preview)
    amd: Amd = Field(default_factory=Amd)
    replies: Replies = Field(default_factory=Replies)
    rest: Rest = Field(default_factory=Rest)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    log: Log = Field(default_factory=Log)
    default_region: str = Field(
        default="US",
        pattern=r"^[A-Z]{2}$",
        description="Region in which phone numbers without + are read (ISO 3166, two capital letters).",
    )
    node: str = Field(
        default_factory=lambda: platform.node() or "node-1",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="This node's name; the default is the machine's name.",
    )
    audit_days: int = Field(
        default=400,
        ge=1,
        le=36_500,
        description="How long the audit log keeps who changed what, in days.",
    )
    records_days: int = Field(
        default=1827,
        ge=0,
        le=36_500,
        description="How long a campaign that has called or texted somebody can't be deleted, in days after the last time: its records are evidence, and the rules on how often a number may be called count on them. The default is five years (16 CFR 310.5).",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Key of the hashes by which erased do-not-contact addresses are recognised, and of the campaigns' REST keys. Unset, one is made in `data_dir`; nodes that share a database need the same.",
    )
    data_dir: Path = Field(
        default=Path("dialer-data"),
        description="Folder for uploaded files until they are imported, and for the secret key unless it is set.",
    )
