"""What deploy/README.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
README = (DEPLOY / "README.md").read_text("utf-8")


def test_links_lead_somewhere_and_everything_is_told() -> None:
    links = set(re.findall(r"\]\(([^)#:]+)\)", README))
    assert {link for link in links if not (DEPLOY / link).exists()} == set()
    files = {
        p for p in DEPLOY.iterdir() if not p.name.startswith(("_", ".")) and p.suffix != ".svg"
    }
    untold = {p.name for p in files} - links
    untold -= {"README.md", "Containerfile.dockerignore", "secrets"}
    assert untold == set()


def test_every_secret_of_compose_is_made() -> None:
    secrets = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["secrets"]
    made = re.findall(r"for name in ([^;]+);", README)
    assert set(" ".join(made).split()) == secrets.keys()
    assert "/deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text().splitlines()


def test_folders_of_the_commands_are_there() -> None:
    for path in re.findall(r"deploy/[\w/]+\w", README):
        assert (DEPLOY.parent / path).exists(), path
