"""What the compose file and the container file name is there, pinned, and closed to the outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.commands.main import SECTIONS
from tests.harness.tools import tool

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
COMMANDS = {name for commands in SECTIONS.values() for name in commands}
WORKERS = {"monitor": 8600, "generator": 8601, "generator-gpu": 8601, "connect": 8602}


def filled() -> str:
    """The file with its variables at their defaults."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (DEPLOY / "compose.yaml").read_text("utf-8"))


COMPOSE: dict[str, Any] = yaml.safe_load(filled())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def settings(environment: Mapping[str, str]) -> Settings:
    """As a container reads them: those of the image, and then its own."""
    of_image = dict(re.findall(r"(HALFLIFE_\w+)=(\S+)", CONTAINERFILE))
    return Settings.from_environment(of_image | dict(environment))


def test_it_is_as_the_specification_says() -> None:
    compose = PyOptions().from_yaml(yaml.safe_dump(COMPOSE))
    compose.validate()
    assert set(compose.service_names()) == SERVICES.keys()
    assert SERVICES.keys() == {*WORKERS, "kafka", "prometheus", "alertmanager", "grafana"}
    misspelt = {"services": {"kafka": SERVICES["kafka"] | {"healthchek": {}}}}
    with pytest.raises(ValueError, match="healthchek"):
        PyOptions().from_yaml(yaml.safe_dump(misspelt))


def test_docker_reads_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    asked = [docker or "true", "compose", "version"]
    if docker is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("no docker compose here")
    done = subprocess.run(
        [docker, "compose", "--file", DEPLOY / "compose.yaml", "--profile", "gpu", "config"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_watched_and_closed(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]
    assert re.match(r"v?\d+\.\d+\.\d+", tag), service["image"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    for secret in service.get("secrets", ()):
        source = secret if isinstance(secret, str) else secret["source"]
        assert COMPOSE["secrets"][source] == {"file": f"secrets/{source}"}
    for variable, value in service.get("environment", {}).items():
        if re.search("PASSWORD|TOKEN|SECRET", variable):
            assert value.startswith("/run/secrets/"), "secrets are told by files"


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    for volume in SERVICES[name]["volumes"]:
        source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert volume["read_only"] if isinstance(volume, dict) else volume.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize(("name", "port"), WORKERS.items())
def test_a_worker_is_started_as_it_can_be(name: str, port: int) -> None:
    service = SERVICES[name]
    command, option, file = service["command"]
    assert command in COMMANDS
    assert option == "--lab"
    mounted = {volume["target"]: volume["source"] for volume in service["volumes"][:1]}
    assert Lab.read(DEPLOY / mounted[file]).streams
    found = settings(service["environment"])
    assert found.broker == "kafka:19092"
    assert found.worker_id
    page = "metrics" if command == "connect" else "ready"  # it is well where an instrument is not
    assert f"://127.0.0.1:{port}/{page}" in service["healthcheck"]["test"][-1]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    ports = {"monitor": found.web_port, "connect": found.connect_port}
    assert port == ports.get(command, found.generator_port)
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert re.fullmatch(rf"halflife-{command}:{version('halflife')}(-cuda)?", service["image"])
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    assert f"FROM base AS {build['target']}\n" in CONTAINERFILE
    assert set(build.get("args", {})) <= set(re.findall(r"^ARG (\w+)", CONTAINERFILE, re.MULTILINE))


def test_only_the_one_for_graphics_cards_asks_for_one() -> None:
    asking = {name for name, service in SERVICES.items() if "deploy" in service}
    assert asking == {"generator-gpu"}
    assert {name for name, service in SERVICES.items() if "profiles" in service} == asking


def test_prometheus_is_told_the_same_but_for_addresses(tmp_path: Path) -> None:
    ours, theirs = (
        (DEPLOY / folder / "prometheus.yml").read_text("utf-8")
        for folder in ("compose", "prometheus")
    )
    addresses = {"alertmanager": 9093, "monitor": 8600, "generator": 8601, "connect": 8602}
    for name, port in addresses.items():
        assert name in SERVICES
        theirs = theirs.replace(f"localhost:{port}", f"{name}:{port}")
    assert yaml.safe_load(ours) == yaml.safe_load(theirs)
    shutil.copy(DEPLOY / "compose" / "prometheus.yml", tmp_path)
    shutil.copytree(DEPLOY / "prometheus" / "rules", tmp_path / "rules")
    done = subprocess.run(
        [tool("promtool"), "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_grafana_finds_what_it_is_given() -> None:
    grafana = SERVICES["grafana"]
    assert grafana["image"].endswith(":" + version("grafana-foundation-sdk").partition("!")[2])
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    (provider,) = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/dashboards/halflife.yaml").read_text()
    )["providers"]
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (DEPLOY / "grafana" / "dashboards" / Path(home).name).is_file()
    sources = (DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text()
    for name in re.findall(r"url: \$(\w+)", sources):
        host, _, port = grafana["environment"][name].removeprefix("http://").partition(":")
        assert f"127.0.0.1:{port}:{port}" in SERVICES[host]["ports"]


def test_the_images_hold_the_rooms_and_run_as_nobody_special() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, re.MULTILINE)
    sources = {word for line in copied for word in line.split()[:-1]}
    assert all((ROOT / source).exists() for source in sources), sources
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    rooms = set(re.findall(r'^"halflife\.\w+" = "(\w+)"$', project, re.MULTILINE))
    assert {source for source in sources if (ROOT / source).is_dir()} == rooms
    allowed = (DEPLOY / "Containerfile.dockerignore").read_text().split()
    assert {f"!{source}" for source in sources} <= set(allowed)
    assert re.findall(r"^USER (.*)$", CONTAINERFILE, re.MULTILINE) == ["10001:10001"]
    base = re.search(r"^ARG PYTHON=(.*)$", CONTAINERFILE, re.MULTILINE)
    assert base is not None
    assert re.search(r":\d+\.\d+\.\d+-slim", base[1])
    bases = set(re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE))
    assert bases == {"${PYTHON}", "build", "base"}
    (spoken,) = re.findall(r"^ARG CONNECTORS=(.*)$", CONTAINERFILE, re.MULTILINE)
    extras = tomllib.loads(project)["project"]["optional-dependencies"]
    assert set(spoken.split(",")) < extras.keys()
    installs = re.findall(r"pip install.*", CONTAINERFILE)
    assert all("--no-cache" in line for line in installs)


@pytest.mark.parametrize(
    ("target", "build"),
    [("monitor", "build"), ("generator", "build-neural"), ("connect", "build-connect")],
)
def test_an_image_starts_its_worker(target: str, build: str) -> None:
    stage = CONTAINERFILE.partition(f"FROM base AS {target}\n")[2].partition("\nFROM ")[0]
    assert re.findall(r"--from=(\S+)", stage) == [build]
    (command,) = re.findall(r'^CMD \["(\w+)", "--lab"', stage, re.MULTILINE)
    assert command == target
    assert command in COMMANDS
    assert settings({"HALFLIFE_BROKER": "kafka:9092"}).web_host == "0.0.0.0"  # noqa: S104  # in a container
