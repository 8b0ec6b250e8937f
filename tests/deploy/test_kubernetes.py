"""The manifests are valid, fit together, and ask for what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.kubernetes.rules import FILE, prometheus_rule
from halflife.schemas.lab import Lab
from halflife.schemas.settings import Settings
from halflife.streams.commands.main import SECTIONS
from tests.harness.tools import tool

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
BASE = FOLDER / "base"
KUBERNETES = "1.32"
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
"""Of the Prometheus operator: no schema of Kubernetes."""

Manifest = dict[str, Any]
COMMANDS = {name for commands in SECTIONS.values() for name in commands}
WORKERS = {"monitor": 8600, "generator": 8601, "connect": 8602}


@cache
def kustomization(folder: Path) -> Manifest:
    found: Manifest = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    return found


@cache
def manifests() -> dict[tuple[str, str], Manifest]:
    """All that stands in files, by kind and name."""
    found = {}
    for name in kustomization(BASE)["resources"]:
        if not (BASE / name).is_dir():
            for each in yaml.safe_load_all((BASE / name).read_text("utf-8")):
                found[each["kind"], each["metadata"]["name"]] = each
    return found


def pod(worker: str) -> Manifest:
    kind = "StatefulSet" if worker == "monitor" else "Deployment"
    found: Manifest = manifests()[kind, f"halflife-{worker}"]["spec"]["template"]
    return found


def container(worker: str) -> Manifest:
    (found,) = pod(worker)["spec"]["containers"]
    return dict(found)


def literals() -> dict[str, str]:
    """What the ConfigMap of settings says."""
    (made,) = (
        each
        for each in kustomization(BASE)["configMapGenerator"]
        if each["name"] == "halflife-settings"
    )
    return dict(line.split("=", 1) for line in made["literals"])


def test_all_manifests_are_valid() -> None:
    kinds = set()
    for (kind, _), manifest in manifests().items():
        kinds.add(kind)
        if kind not in CUSTOM:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    assert kinds >= {"Deployment", "StatefulSet", "Service", "PodDisruptionBudget", *CUSTOM}


@pytest.mark.parametrize("overlay", ["base", "gpu"])
def test_kustomize_puts_them_together(overlay: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl here: its kustomize puts the manifests together")
    done = subprocess.run(
        [kubectl, "kustomize", FOLDER / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    images = set()
    for manifest in yaml.load_all(done.stdout, yaml.CSafeLoader):
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "halflife"
        template = manifest.get("spec", {}).get("template", {}).get("spec", {})
        for each in template.get("containers", ()):
            images.add(each["image"])
            wants_card = "nvidia.com/gpu" in each["resources"]["limits"]
            assert wants_card is (overlay == "gpu" and each["name"] == "generator")
    cuda = "-cuda" if overlay == "gpu" else ""
    assert images == {
        "registry.example.org/halflife-connect:0.1.0",
        "registry.example.org/halflife-monitor:0.1.0",
        f"registry.example.org/halflife-generator:0.1.0{cuda}",
    }


@pytest.mark.parametrize("folder", ["base", "gpu", "../grafana"])
def test_what_a_kustomization_names_is_there(folder: str) -> None:
    place = FOLDER / folder
    found = kustomization(place)
    names = [*found.get("resources", ()), *(patch["path"] for patch in found.get("patches", ()))]
    for made in found.get("configMapGenerator", ()):
        names += made.get("files", ())
    assert names
    for name in names:
        assert (place / name).exists(), name
    images = {each["name"] for each in kustomization(BASE)["images"]}
    assert images == {f"halflife-{worker}" for worker in WORKERS}


@pytest.mark.parametrize(("worker", "port"), WORKERS.items())
def test_a_worker_is_started_as_it_can_be(worker: str, port: int) -> None:
    found = container(worker)
    command, option, file = found["args"]
    assert command in COMMANDS
    assert (command, option) == (worker, "--lab")
    mounts = {each["mountPath"]: each["name"] for each in found["volumeMounts"]}
    assert mounts[str(Path(file).parent)] == "lab"
    assert Lab.read(BASE / Path(file).name).streams
    environment = {each["name"]: each.get("value", "pod-0") for each in found["env"]}
    settings = Settings.from_environment(literals() | environment)
    for path in (settings.sasl_password_file, settings.ssl_cafile):
        assert path is not None
        assert mounts[str(path.parent)] == "secrets", "secrets come by reference"
    assert settings.sasl_password is None
    ports = {"monitor": settings.web_port, "connect": settings.connect_port}
    assert port == ports.get(worker, settings.generator_port)
    (shown,) = found["ports"]
    assert (shown["name"], shown["containerPort"]) == ("web", port)
    # A connect worker takes records while an instrument is away, of which its /ready tells.
    page = "/metrics" if worker == "connect" else "/ready"
    for probe in {"startupProbe", "readinessProbe"} & found.keys():
        assert found[probe]["httpGet"] == {"path": page, "port": "web"}
    assert "readinessProbe" in found
    assert found["livenessProbe"]["httpGet"]["path"] == "/metrics"
    volumes = {each["name"] for each in pod(worker)["spec"]["volumes"]}
    assert set(mounts.values()) <= volumes


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_may_do_little(worker: str) -> None:
    spec, found = pod(worker)["spec"], container(worker)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 10001, "as the Containerfile says"
    assert spec["automountServiceAccountToken"] is False
    assert ("ServiceAccount", spec["serviceAccountName"]) in manifests()
    context = found["securityContext"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert found["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in found["resources"]["limits"]


def selects(selector: Manifest, labels: Manifest) -> bool:
    matches = selector.get("matchLabels", {}).items() <= labels.items()
    return matches and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


def test_selectors_find_what_they_are_for() -> None:
    services = {}
    for (kind, name), manifest in manifests().items():
        if kind == "Service":
            services[name] = manifest
            labels = pod(name.removeprefix("halflife-"))["metadata"]["labels"]
            assert manifest["spec"]["selector"].items() <= labels.items()
        if kind in {"StatefulSet", "Deployment"}:
            labels = manifest["spec"]["template"]["metadata"]["labels"]
            assert selects(manifest["spec"]["selector"], labels)
    scraped = manifests()["ServiceMonitor", "halflife"]["spec"]
    assert all(
        selects(scraped["selector"], each["metadata"]["labels"]) for each in services.values()
    )
    assert [(each["port"], each["path"]) for each in scraped["endpoints"]] == [("web", "/metrics")]
    prometheus = yaml.safe_load((FOLDER.parent / "prometheus" / "prometheus.yml").read_text())
    jobs = {each["job_name"] for each in prometheus["scrape_configs"]}
    assert services.keys() == jobs, "the name of a service is its job, by which rules know it"
    policy = manifests()["NetworkPolicy", "halflife"]["spec"]["podSelector"]
    budget = manifests()["PodDisruptionBudget", "halflife-monitor"]["spec"]["selector"]
    for worker in WORKERS:
        labels = pod(worker)["metadata"]["labels"]
        assert selects(policy, labels)
        assert selects(budget, labels) is (worker == "monitor")


def test_the_rules_are_those_of_prometheus(tmp_path: Path) -> None:
    assert FILE.read_bytes() == prometheus_rule(), "make dashboards"
    (tmp_path / "rules.yaml").write_text(
        yaml.safe_dump(manifests()["PrometheusRule", "halflife"]["spec"])
    )
    said = subprocess.run(
        [tool("promtool"), "check", "rules", tmp_path / "rules.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    rules = sorted((FOLDER.parent / "prometheus" / "rules").glob("*.yaml"))
    count = sum(len(re.findall(r"^ +- (?:alert|record):", f.read_text(), re.M)) for f in rules)
    assert f"{count} rules found" in said.stdout
