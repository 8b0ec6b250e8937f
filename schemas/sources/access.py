"""How a server of the lab lets us in: name, password, TLS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from halflife.schemas.errors import LabFileError
from halflife.schemas.problem import Problem
from halflife.schemas.secret_file import secret_text

from .source_plan import SourcePlan

UserPath = Annotated[Path, AfterValidator(Path.expanduser), Field(strict=False)]
"""A path in which ``~`` is the home folder; others begin in the folder where the command runs."""


class Access(SourcePlan):
    """A source behind a server that may ask for a name, a password or a certificate.

    No secret stands in the lab file: it names the file or the environment variable that has it.
    """

    username: str | None = Field(default=None, min_length=1, description="User name there.")
    password_file: UserPath | None = Field(
        default=None, description="File that holds the password."
    )
    password_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        examples=["MQTT_PASSWORD"],
        description="Environment variable that holds the password, in place of the file.",
    )
    tls: bool = Field(default=False, description="Whether the connection is encrypted.")
    ca_file: UserPath | None = Field(
        default=None,
        description="Certificates (PEM) of those who may vouch for the server; default: those "
        "that this machine trusts.",
    )
    cert_file: UserPath | None = Field(
        default=None, description="Certificate (PEM) that we show, where the server asks for one."
    )
    key_file: UserPath | None = Field(default=None, description="Private key (PEM) of it.")

    def password(self, environ: Mapping[str, str]) -> SecretStr | None:
        """The password; None if none is named.

        Args:
            environ: All environment variables.

        Raises:
            LabFileError: For a file that cannot be read or is empty, and a variable that is not
                set.
        """
        said, key, text = "is empty", "password_file", ""
        if self.password_file is not None:
            try:
                text = secret_text(self.password_file)
            except ValueError as error:
                said = str(error)
            value = str(self.password_file)
        elif self.password_env is not None:
            key, value, said = "password_env", self.password_env, "is not set"
            text = environ.get(self.password_env, "")
        else:
            return None
        if not text:
            raise LabFileError([Problem(path=f"source.{self.name}.{key}", value=value, text=said)])
        return SecretStr(text)
