"""The files for production, as far as they can be proven without docker, systemd, nginx, Prometheus and Grafana."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from admin.metrics import Metrics
from admin.pages.assets import FILES, NODE_MODULES
from admin.studio.files import CLIENT, NODES
from config.load import SECRET_FOLDERS, SettingsError, load
from config.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
pytestmark = pytest.mark.req("A4")


def variables(section: Any = Settings, prefix: str = "DIALER_") -> Iterator[str]:
    """Every variable that sets something."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and hasattr(kind, "model_fields"):
            yield from variables(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"


KNOWN = {*variables(), *SECRET_FOLDERS, "DIALER_CONFIG"}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text()


@pytest.mark.parametrize("path", sorted(p.relative_to(DEPLOY) for p in DEPLOY.rglob("*") if p.is_file()), ids=str)
def test_each_file_names_only_settings_that_exist(path: Path) -> None:
    named = set(re.findall(r"\bDIALER_[A-Z][A-Z_]*[A-Z]\b", text_of(str(path))))
    asterisks = {"DIALER_ABANDONED_MESSAGE"}
    assert named - KNOWN - asterisks == set()


# -- images ---------------------------------------------------------------------------------------------------------


def instructions(name: str) -> list[list[str]]:
    """Lines of a Dockerfile as words, those that are continued joined."""
    lines = [line for line in text_of(name).splitlines() if not line.lstrip().startswith("#")]
    return [shlex.split(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("name", ["Dockerfile", "asterisk/Dockerfile"])
def test_what_an_image_copies_is_there_and_let_through(name: str) -> None:
    ignored = text_of(f"{name}.dockerignore").splitlines()
    assert ignored[0] == "*" or ignored[1] == "*", "nothing goes in that is not named"
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    for words in instructions(name):
        if words[0] != "COPY" or any(word.startswith("--from=") for word in words):
            continue
        for source in words[1:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") or one.startswith(source) for one in allowed), (
                source
            )


def test_the_image_is_pinned_runs_as_nobody_special_and_is_looked_after() -> None:
    told = instructions("Dockerfile")
    bases = [words[1].split("=", 1)[1] for words in told if words[0] == "ARG"]
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases), bases
    last = told[max(i for i, words in enumerate(told) if words[0] == "FROM") :]
    assert ["USER", "dialer"] in last
    assert [words[0] for words in last].count("HEALTHCHECK") == 1
    assert "--require-hashes" in " ".join(word for words in told for word in words)


def test_the_image_has_every_asset_that_the_pages_serve() -> None:
    copied = [
        Path(words[-1]) for words in instructions("Dockerfile") if "--from=assets" in words and words[0] == "COPY"
    ]
    wanted = [path for path, _ in FILES.values() if NODE_MODULES in path.parents] + [CLIENT, NODES]
    for path in wanted:
        inside = Path("node_modules") / path.relative_to(NODE_MODULES)
        assert any(inside == one or one in inside.parents for one in copied), inside


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+(?:\[[a-z0-9,._-]+\])?)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_image_gets_the_versions_that_are_tested() -> None:
    """deploy/requirements.lock is requirements.lock without what only the lab and the tests need."""
    tested, shipped = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert len(shipped) > 30
    assert shipped.items() <= tested.items()
    project = (ROOT / "pyproject.toml").read_text()
    block = project[project.index("\ndependencies = [") : project.index("]", project.index("\ndependencies = ["))]
    wanted = set(re.findall(r'"([a-z0-9-]+)>=', block))
    assert wanted <= {name.partition("[")[0] for name in shipped}
    assert not {"pytest", "playwright"} & shipped.keys()
    text = (DEPLOY / "requirements.lock").read_text()
    assert text.count("--hash=sha256:") > len(shipped)
    assert "://" not in text


@pytest.fixture(scope="module")
def shipped_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of deploy/requirements.lock, and with no other."""
    folder = tmp_path_factory.mktemp("shipped")
    for name in pins(DEPLOY / "requirements.lock"):
        package = distribution(name.partition("[")[0])
        for top in {file.parts[0] for file in package.files or () if file.parts[0] != ".."}:
            if not (folder / top).exists():
                (folder / top).symlink_to(package.locate_file(top))
    return folder


def test_the_image_has_every_package_that_the_product_needs(shipped_packages: Path, tmp_path: Path) -> None:
    """All modules are there, both databases have their drivers, and one is opened: what only the tests install is not needed."""
    shipped_only = """
import importlib, pkgutil, sys
import admin, config, dialer.cli, sms
from sqlalchemy.ext.asyncio import create_async_engine
for package in (admin, config, dialer, sms):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".lab" not in module.name and ".migrations" not in module.name:
            importlib.import_module(module.name)
create_async_engine("postgresql+asyncpg://dialer@database/dialer")
sys.argv = ["dialer", "migrate"]
dialer.cli.main()
"""
    database = tmp_path / "dialer.db"
    ran = subprocess.run(  # -S: nothing of this environment's own packages
        [sys.executable, "-S", "-W", "error", "-c", shipped_only],
        env={
            "PYTHONPATH": f"{ROOT}:{shipped_packages}",
            "PATH": os.environ["PATH"],
            "DIALER_DATABASE__URL": f"sqlite+aiosqlite:///{database}",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert database.stat().st_size > 0


# -- compose --------------------------------------------------------------------------------------------------------


def test_compose_hangs_together() -> None:
    told = yaml.safe_load(text_of("compose.yaml"))
    services = told["services"]
    assert set(services) == {"dialer", "database", "asterisk", "smsc"}
    stages = {words[3] for words in instructions("Dockerfile") if words[0] == "FROM" and len(words) > 3}
    for service in services.values():
        assert set(service.get("secrets", ())) <= told["secrets"].keys()
        assert set(service.get("networks", ())) <= told["networks"].keys()
        assert set(service.get("depends_on", ())) <= services.keys()
        assert {one.partition(":")[0] for one in service.get("volumes", ())} <= told["volumes"].keys()
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).exists()
            assert service["build"].get("target", "dialer") in stages
    assert services["dialer"]["ports"] == ["127.0.0.1:8080:8080"], "no page without TLS on the network"
    assert not any("5038" in str(port) for port in services["asterisk"]["ports"]), "AMI stays inside"
    assert services["dialer"]["init"] is True, "as the first process it is deaf to SIGTERM while it starts"
    assert int(services["dialer"]["stop_grace_period"].rstrip("s")) > int(
        services["dialer"]["environment"]["DIALER_CALLS__DRAIN_S"]
    )
    assert not any(
        "SECRET" in name or "PASSWORD" in name
        for name in services["dialer"]["environment"]
        if name != "DIALER_SECRETS_DIR"
    )


def test_the_settings_of_the_container_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = yaml.safe_load(text_of("compose.yaml"))
    dialer = told["services"]["dialer"]
    values = {"DIALER_DATABASE__URL": "postgresql+asyncpg://dialer:pw@database/dialer\n"}
    for name in dialer["secrets"]:
        (tmp_path / name).write_text(values.get(name, f"the value of {name}\n"))
    of_the_image = dict(
        word.split("=", 1) for words in instructions("Dockerfile") if words[0] == "ENV" for word in words[1:]
    )
    for name, value in {**of_the_image, **dialer["environment"], "DIALER_SECRETS_DIR": str(tmp_path)}.items():
        if name.startswith("DIALER_"):
            monkeypatch.setenv(name, value)
    settings = load()
    assert settings.ami.secret.get_secret_value() == "the value of DIALER_AMI__SECRET"
    assert settings.database.url == "postgresql+asyncpg://dialer:pw@database/dialer"
    monkeypatch.setenv("DIALER_AMI__SECRET", "from the environment")
    assert load().ami.secret.get_secret_value() == "from the environment"
    (tmp_path / "DIALER_AMI__SECRETT").write_text("x")
    with pytest.raises(SettingsError, match="secrett"):
        load()


@pytest.mark.parametrize("variable", SECRET_FOLDERS)
def test_a_folder_of_secrets_that_cannot_be_read_is_no_folder_without_secrets(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the server would start with a key of its own making, and none for Asterisk."""
    monkeypatch.setenv(variable, str(tmp_path / "secrets"))
    with pytest.raises(
        SettingsError, match=rf"secrets: a secret cannot be read \(.*No such file.*that {variable} names"
    ):
        load()


def test_the_dialer_knows_the_wrap_up_of_the_containers_queue() -> None:
    """Asterisk does not tell the one of a whole queue."""
    (seconds,) = re.findall(r"^wrapuptime = (\d+)$", text_of("asterisk/queues.conf"), re.MULTILINE)
    dialer = yaml.safe_load(text_of("compose.yaml"))["services"]["dialer"]["environment"]
    assert json.loads(dialer["DIALER_CALLS__WRAP_UP_S"]) == {"support": int(seconds)}


# -- systemd --------------------------------------------------------------------------------------------------------


def unit() -> dict[str, list[str]]:
    """The options of the section [Service]."""
    found: dict[str, list[str]] = {}
    section = text_of("dialer.service").partition("[Service]")[2].partition("[Install]")[0]
    for line in section.splitlines():
        name, is_option, value = line.partition("=")
        if is_option and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_hardened_and_waits_for_the_drain() -> None:
    options = unit()
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "DynamicUser": "yes",
        "StateDirectory": "dialer",
        "UMask": "0077",
    }
    assert {name: options[name] for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert options["CapabilityBoundingSet"] == [""]
    assert "@resources" in options["SystemCallFilter"], "os.nice and setrlimit of the processes that read files"
    assert int(options["TimeoutStopSec"][0]) > Settings().calls.drain_s
    named = {line.partition("=")[0] for line in options["Environment"]}
    named |= {line.partition(":")[0] for line in options["LoadCredential"]}
    assert named <= KNOWN
    assert not any("SECRET" in line for line in options["Environment"]), "a secret in the unit is read by everybody"


def test_a_database_named_by_a_credential_is_the_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the unit itself sets would win over it; without one the embedded database is in the unit's own folder."""
    for line in unit()["Environment"]:
        name, _, value = line.partition("=")
        if name != "DIALER_CONFIG":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load().database.url == "sqlite+aiosqlite:///dialer.db"
    assert unit()["WorkingDirectory"] == [str(load().data_dir)]
    (tmp_path / "DIALER_DATABASE__URL").write_text("postgresql://dialer:pw@database/dialer\n")
    assert load().database.url == "postgresql+asyncpg://dialer:pw@database/dialer"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_knows_every_option_and_finds_little_exposed(tmp_path: Path) -> None:
    copy = tmp_path / "dialer.service"
    copy.write_text(text_of("dialer.service").replace("/opt/dialer/.venv/bin/dialer", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert "dialer.service" not in verified.stderr, verified.stderr
    looked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(copy)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert looked.returncode == 0, looked.stdout[-400:]


# -- nginx, Asterisk ------------------------------------------------------------------------------------------------


def test_nginx_streams_and_replaces_what_clients_say_of_themselves() -> None:
    told = text_of("nginx.conf")
    assert told.count("{") == told.count("}")
    for line in re.sub(r"#.*", "", told).splitlines():
        assert not line.strip() or line.rstrip()[-1] in "{};", line
    for wanted in (
        "proxy_buffering off;", "proxy_request_buffering off;", "proxy_set_header X-Forwarded-For $remote_addr;",
        "ssl_protocols TLSv1.2 TLSv1.3;", "client_max_body_size 1024m;", "return 301 https://",
        # The studio's WebSocket, and an Origin that is compared with the address as the browser has it.
        "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;",
        "proxy_set_header Host $http_host;", "listen 443 ssl http2;",
    ):  # fmt: skip
        assert wanted in told
    assert "http2 on;" not in re.sub(r"#.*", "", told), "nginx of Debian 12 does not know it"
    assert Settings().http.max_upload_mb == 1024


def test_the_proxys_word_is_taken_as_the_example_says(monkeypatch: pytest.MonkeyPatch) -> None:
    (name, value), *_ = re.findall(r"(DIALER_HTTP__TRUSTED_PROXIES)='([^']+)'", text_of("nginx.conf"))
    monkeypatch.setenv(name, value)
    assert load().http.trusted_proxies == ("127.0.0.1",)


@pytest.mark.parametrize("name", ["manager", "extensions", "queues", "pjsip"])
def test_asterisks_files_have_sections_and_their_includes(name: str) -> None:
    text = text_of(f"asterisk/{name}.conf")
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, delimiters=("=",), inline_comment_prefixes=(";",)
    )
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(re.sub(r"^#include.*$", "", text, flags=re.MULTILINE))
    assert parser.sections()
    for included in re.findall(r'#include "([^"/]+)"', text):
        assert (ROOT / "asterisk" / included).exists()


# -- Prometheus, Grafana --------------------------------------------------------------------------------------------


def exported() -> set[str]:
    made = [one for one in vars(Metrics()).values() if hasattr(one, "describe")]
    families = [family for metric in made for family in metric.describe()]
    return {family.name + ("_total" if family.type == "counter" else "") for family in families}


def queries() -> Iterator[str]:
    for panel in json.loads(text_of("grafana.json"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in yaml.safe_load(text_of("alerts.yml"))["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def test_dashboard_and_alerts_ask_only_for_what_is_exported_and_for_all_of_it() -> None:
    asked = {name for query in queries() for name in re.findall(r"\bdialer_\w+", query)}
    assert asked - exported() == set()
    panels = json.loads(text_of("grafana.json"))["panels"]
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    dashboard = set(re.findall(r"\bdialer_\w+", shown))
    assert exported() - dashboard == set(), "a metric that no panel shows"


def test_labels_of_queries_are_those_of_the_metrics() -> None:
    labels = {
        "status",
        "queue",
        "outcome",
        "gateway",
        "kind",
        "campaign",
        "result",
        "error",
        "route",
        "method",
        "prefix",
        "job",
    }
    for query in queries():
        assert query.count("(") == query.count(")")
        for inside in re.findall(r"\{([^}]*)\}", query):
            assert {one.strip() for one in re.findall(r"(\w+)\s*(?:=~|!=|=)", inside)} <= labels
        for inside in re.findall(r"by \(([^)]*)\)", query):
            assert set(inside.split(", ")) <= labels


def test_panels_do_not_lie_upon_each_other() -> None:
    told = json.loads(text_of("grafana.json"))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in told["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in told["panels"]}) == len(places)


def test_prometheus_finds_the_rules() -> None:
    told = yaml.safe_load(text_of("prometheus.yml"))
    assert all((DEPLOY / name).exists() for name in told["rule_files"])
    assert told["scrape_configs"][0]["metrics_path"] == "/metrics"
