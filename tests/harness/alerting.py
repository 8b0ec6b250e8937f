"""The real Prometheus and Alertmanager with the files of ``deploy``, made quick for a test."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from .ports import free_port
from .service import wait_until
from .tools import tool

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
START: Final = 30.0


class Alerting:
    """Prometheus that scrapes workers, and Alertmanager that tells receivers.

    Only intervals, addresses and secrets differ from what is deployed.

    Args:
        folder: For files and logs.
        targets: Address by job.
        webhook: Where the webhook of Alertmanager leads.
        slack: Where Slack's leads.
        smtp: Address of the mail server, ``host:port``.
    """

    def __init__(
        self, folder: Path, targets: dict[str, str], *, webhook: str, slack: str, smtp: str
    ) -> None:
        self.folder = folder
        self.prometheus, self.alertmanager = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._config_prometheus(targets)
        self._config_alertmanager(webhook, slack, smtp)

    def __enter__(self) -> Self:
        try:
            self._start(
                "alertmanager",
                tool("alertmanager", "prometheus-alertmanager"),
                f"--storage.path={self.folder / 'alertmanager'}",
                "--cluster.listen-address=",
                port=self.alertmanager,
            )
            self._start(
                "prometheus",
                tool("prometheus"),
                f"--storage.tsdb.path={self.folder / 'prometheus'}",
                port=self.prometheus,
            )
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def said(self) -> str:
        """The end of both logs."""
        logs = (self.folder / f"{name}.log" for name in ("prometheus", "alertmanager"))
        return "\n".join(log.read_text("utf-8", "replace")[-3000:] for log in logs if log.exists())

    def _config_prometheus(self, targets: dict[str, str]) -> None:
        config = _load("prometheus/prometheus.yml")
        config["global"] |= {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        config["global"]["external_labels"] = {"runbook": "https://lab/RUNBOOK.md"}
        config["rule_files"] = [str(DEPLOY / "prometheus" / "rules" / "*.yaml")]
        place = [{"targets": [f"127.0.0.1:{self.alertmanager}"]}]
        config["alerting"]["alertmanagers"] = [{"static_configs": place}]
        jobs = [job for job in config["scrape_configs"] if job["job_name"] in targets]
        assert len(jobs) == len(targets)
        for job in jobs:
            job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        config["scrape_configs"] = jobs
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def _config_alertmanager(self, webhook: str, slack: str, smtp: str) -> None:
        config = _load("alertmanager/alertmanager.yml")
        secrets = self.folder / "secrets"
        secrets.mkdir()
        (secrets / "slack_url").write_text(slack)
        (secrets / "webhook_token").write_text("a-token")
        for name in ("smtp_auth_username", "smtp_auth_password_file"):
            del config["global"][name]
        config["global"] |= {"smtp_smarthost": smtp, "smtp_require_tls": False}
        config["global"]["slack_api_url_file"] = str(secrets / "slack_url")
        config["route"] |= {"group_wait": "500ms", "group_interval": "1s"}
        for receiver in config["receivers"]:
            (hook,) = receiver["webhook_configs"]
            hook["url"] = webhook
            hook["http_config"]["authorization"]["credentials_file"] = str(
                secrets / "webhook_token"
            )
        shutil.copytree(DEPLOY / "alertmanager" / "templates", self.folder / "templates")
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(config))

    def _start(self, name: str, program: str, *more: str, port: int) -> None:
        command = [
            program,
            f"--config.file={self.folder / name}.yml",
            f"--web.listen-address=127.0.0.1:{port}",
            *more,
        ]
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"), START, lambda: self.said)

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)


def _load(file: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text("utf-8"))
    return loaded


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
