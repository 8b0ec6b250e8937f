"""Where a broker of MQTT is, and how it is spoken to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halflife.schemas.quantities import Duration

from .access import Access


class MqttBroker(Access):
    """What all sources behind a broker of MQTT have in common."""

    host: str = Field(
        min_length=1, max_length=255, examples=["localhost"], description="Name of the broker."
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; default 1883, with TLS 8883."
    )
    version: Literal["3.1.1", "5"] = Field(default="5", description="Of the protocol.")
    client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=120,
        pattern=r"^[A-Za-z0-9._:-]+$",
        description="By which the broker knows us; default made of the topic prefix and the "
        "source's name. Nobody else may use it.",
    )
    keep_alive: Duration = Field(
        default=30.0, ge=2.0, le=3600.0, description="After which a silent connection is dead."
    )
    max_payload: int = Field(
        default=1_048_576,
        ge=100,
        le=4_194_304,
        description="Largest message that is read, in bytes; larger ones are dead letters.",
    )

    @property
    def address(self) -> str:
        """For people, and the beginning of addresses of messages."""
        port = self.port_number
        shown = "" if port == (8883 if self.tls else 1883) else f":{port}"
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}{shown}"

    @property
    def port_number(self) -> int:
        """``port``, or its default."""
        return self.port or (8883 if self.tls else 1883)
