"""The settings of a machine, out of the environment variables ``HALFLIFE_*``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from .allowed import allowed
from .broker_address import BROKERS
from .errors import SettingsError
from .near import did_you_mean
from .problem import Problem
from .secret_file import secret_text

_PREFIX: Final = "HALFLIFE_"
_NAME: Final = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
_SECRETS: Final = ("password", "token", "secret", "webhook_url")

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path in which ``~`` is the home folder."""


class Settings(BaseModel):
    """How this machine reaches Kafka, where it keeps its files, where it answers.

    What a stream is promised stands in the lab file instead; this is what differs from one
    machine to the next. Each field is read from the variable of its name in capitals after
    ``HALFLIFE_``; an empty variable counts as absent.

    Example:
        >>> settings = Settings.from_environment({"HALFLIFE_BROKER": "kafka-1:9092"})
        >>> settings.broker, settings.web_port
        ('kafka-1:9092', 8600)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    # Kafka
    broker: str | None = Field(
        default=None,
        pattern=BROKERS,
        examples=["kafka-1:9092", "kafka-1:9092,kafka-2:9092"],
        description="Addresses of the Kafka cluster; none starts the embedded one.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How connections to Kafka are made safe."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How this machine proves to Kafka who it is."
    )
    sasl_username: str | None = Field(default=None, description="User name for Kafka.")
    sasl_password: SecretStr | None = Field(default=None, description="Password for Kafka.")
    sasl_password_file: HomePath | None = Field(
        default=None, description="File that holds the password for Kafka, in place of it."
    )
    ssl_cafile: HomePath | None = Field(
        default=None, description="Certificates (PEM) of those who may vouch for Kafka."
    )
    ssl_certfile: HomePath | None = Field(
        default=None, description="Certificate (PEM) of this machine."
    )
    ssl_keyfile: HomePath | None = Field(
        default=None, description="Private key (PEM) of this machine's certificate."
    )
    topic_prefix: str = Field(
        default="halflife",
        pattern=r"^[a-z0-9][a-z0-9.-]{0,99}$",
        examples=["halflife"],
        description="What the names of all topics begin with, before a dot.",
    )
    partitions: int = Field(
        default=4, ge=1, le=1000, description="Partitions of topics that are created."
    )
    replication: int = Field(
        default=1, ge=1, le=100, description="Copies of topics that are created."
    )

    # Files
    data: HomePath = Field(
        default=Path(".halflife"),
        description="Folder of what must outlive a restart (embedded Kafka, models); "
        "the default lies in the folder where the command runs.",
    )
    cache: HomePath = Field(
        default=Path("~/.cache/halflife"),
        validate_default=True,
        description="Folder of what can be fetched again (the jars of Kafka).",
    )

    # Where it answers
    web_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address at which the workers answer; 0.0.0.0 for all.",
    )
    web_port: int = Field(
        default=8600,
        ge=0,
        le=65535,
        description="Port of the monitor worker: /metrics, /ready, live page; 0 for any free one.",
    )
    web_names: str | None = Field(
        default=None,
        pattern=rf"^{_NAME}(,{_NAME})*$",
        examples=["monitor.lab.example", "monitor,monitor.lab.example"],
        description="Names under which browsers may reach the monitor worker, beside localhost "
        "and addresses in digits. None given: with a web_host of all addresses, any name.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="What who gives orders on the live page must know; without one it is "
        "read-only.",
    )
    token_file: HomePath | None = Field(
        default=None, description="File that holds the token of the live page, in place of it."
    )
    generator_port: int = Field(
        default=8601,
        ge=0,
        le=65535,
        description="Port of the generator worker: /metrics, /ready; 0 for any free one.",
    )

    connect_port: int = Field(
        default=8602,
        ge=0,
        le=65535,
        description="Port of the connect worker: /v1/records, /metrics, /ready; 0 for any free "
        "one.",
    )
    push_token: SecretStr | None = Field(
        default=None,
        description="What who sends records over HTTP must know; without one only this machine "
        "may.",
    )
    push_token_file: HomePath | None = Field(
        default=None, description="File that holds the token for sending records, in place of it."
    )
    push_certfile: HomePath | None = Field(
        default=None, description="Certificate (PEM) with which the connect worker answers by TLS."
    )
    push_keyfile: HomePath | None = Field(
        default=None, description="Private key (PEM) of that certificate."
    )

    # Whom it tells of alerts
    webhook_url: SecretStr | None = Field(
        default=None,
        description="Address that alerts are posted to, for labs without Alertmanager.",
    )
    webhook_url_file: HomePath | None = Field(
        default=None, description="File that holds the address of the webhook, in place of it."
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that alerts for the webhook are signed with (Standard Webhooks): "
        "whsec_ and 24 to 64 bytes in base64.",
    )
    webhook_secret_file: HomePath | None = Field(
        default=None, description="File that holds the secret of the webhook, in place of it."
    )
    webhook_format: Literal["json", "slack", "teams"] = Field(
        default="json", description="What the webhook is sent: JSON, or a message for a chat."
    )

    # How it works
    worker_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        examples=["monitor-1"],
        description="Lasting name of this worker, unlike any other's: "
        "a restart then takes its partitions back at once.",
    )
    snapshot_seconds: float = Field(
        default=2.0, gt=0, le=3600, description="Seconds between two snapshots of the state."
    )
    pool: int = Field(
        default=1, ge=1, le=256, description="Processes for heavy numerics beside the worker."
    )
    wait_seconds: float = Field(
        default=900.0,
        gt=0,
        le=86400,
        description="Seconds that a stream waits for the outcome of a request.",
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in some environment variables.

        Args:
            environ: All variables; those that do not begin with ``HALFLIFE_`` are not looked at.

        Raises:
            SettingsError: With every problem. Values of secrets are never told.
        """
        found = {
            name.removeprefix(_PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(_PREFIX) and value
        }
        try:
            settings, problems = cls.model_validate(found), []
        except ValidationError as error:
            settings, problems = None, list(_translated(error))
        problems += _contradictions(found)
        if settings is None or problems:
            raise SettingsError(sorted(problems, key=lambda problem: problem.path))
        return settings

    def password(self) -> SecretStr | None:
        """The password for Kafka, read from its file where one is named.

        Raises:
            SettingsError: For a file that cannot be read or is empty.
        """
        return self.secret("sasl_password")

    def secret(
        self,
        name: Literal["sasl_password", "token", "push_token", "webhook_url", "webhook_secret"],
    ) -> SecretStr | None:
        """A secret, read from its file where one is named.

        Raises:
            SettingsError: For a file that cannot be read or is empty.
        """
        path: Path | None = getattr(self, f"{name}_file")
        if path is None:
            given: SecretStr | None = getattr(self, name)
            return given
        said = "is empty"
        try:
            text = secret_text(path)
        except ValueError as error:
            text, said = "", str(error)
        if not text:
            raise SettingsError(
                [Problem(path=variable(f"{name}_file"), value=str(path), text=said)]
            )
        return SecretStr(text)


def variable(field: str) -> str:
    """The environment variable of a setting.

    Example:
        >>> variable("web_port")
        'HALFLIFE_WEB_PORT'
    """
    return _PREFIX + field.upper()


def settings_table() -> str:
    """All settings as a Markdown table: variable, what it is, what is allowed, default."""
    schema = Settings.model_json_schema()
    rows = ["| variable | what it is | allowed | default |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        form = allowed(schema, [name]).replace("|", "\\|")
        rows.append(f"| `{variable(name)}` | {field.description} | {form} | {default} |")
    return "\n".join(rows) + "\n"


def _translated(error: ValidationError) -> Iterator[Problem]:
    schema = Settings.model_json_schema()
    names = [variable(name) for name in Settings.model_fields]
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        path = variable(name)
        if problem["type"] == "extra_forbidden":
            # Its value is not told: it may be a misspelt password.
            text = f"unknown variable{did_you_mean(path, names)}"
            yield Problem(path=path, text=text, allowed=", ".join(names))
            continue
        secret = any(word in name for word in _SECRETS)
        yield Problem(
            path=path,
            value="" if secret else repr(problem["input"]),
            text="is not allowed",
            allowed=allowed(schema, [name]),
        )


def _contradictions(found: Mapping[str, str]) -> Iterator[Problem]:
    """Settings that are right one by one and not together."""
    protocol = found.get("security_protocol", "PLAINTEXT")
    if "broker" not in found and protocol != "PLAINTEXT":
        text = f"is needed with {variable('security_protocol')}={protocol}"
        yield Problem(path=variable("broker"), text=text)
    if protocol.startswith("SASL"):
        for name in ("sasl_mechanism", "sasl_username"):
            if name not in found:
                text = f"is needed with {variable('security_protocol')}={protocol}"
                yield Problem(path=variable(name), text=text)
    given = [name for name in ("sasl_password", "sasl_password_file") if name in found]
    if len(given) != 1 and (given or protocol.startswith("SASL")):
        text = f"exactly one of this and {variable('sasl_password_file')} is due"
        yield Problem(path=variable("sasl_password"), text=text)
    yield from _of_files_and_webhook(found)
    for name in sorted(found.keys() & Settings.model_fields.keys()):
        start = name.partition("_")[0].upper()
        if start in ("SASL", "SSL") and start not in protocol.split("_"):
            text = f"has no effect with {variable('security_protocol')}={protocol}"
            yield Problem(path=variable(name), text=text, allowed=f"with a protocol of {start}")
    for kind in ("ssl", "push"):
        if (f"{kind}_certfile" in found) != (f"{kind}_keyfile" in found):
            text = f"is due together with {variable(f'{kind}_keyfile')}"
            yield Problem(path=variable(f"{kind}_certfile"), text=text)


def _of_files_and_webhook(found: Mapping[str, str]) -> Iterator[Problem]:
    for name in ("token", "push_token", "webhook_url", "webhook_secret"):
        if name in found and f"{name}_file" in found:
            text = f"one of this and {variable(f'{name}_file')} is due"
            yield Problem(path=variable(name), text=text)
    if "webhook_url" not in found and "webhook_url_file" not in found:
        for name in ("webhook_format", "webhook_secret", "webhook_secret_file"):
            if name in found:
                text = f"has no effect without {variable('webhook_url')}"
                yield Problem(path=variable(name), text=text)
