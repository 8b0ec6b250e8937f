"""A source that is an OPC UA server."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from halflife.schemas.quantities import Duration

from .access import Access

NodeText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000),
    Field(examples=["ns=2;s=Reactor.T", "nsu=urn:lab:reactor;s=T", "2:Reactor/2:Temperature"]),
]
"""The id of a node, or its path of browse names from ``Objects`` (or the root) on."""

_SAFE: Final = (
    r"^(None|(Basic256Sha256|Aes128Sha256RsaOaep|Aes256Sha256RsaPss)/(Sign|SignAndEncrypt))$"
)


class OpcuaSource(Access):
    """Variables of an OPC UA server, heard by subscription and joined into records.

    Example:
        >>> plan = OpcuaSource(
        ...     name="reactor", type="opcua", url="opc.tcp://10.0.0.5:4840", browse="2:Reactor"
        ... )
        >>> plan.interval, plan.joined_within
        (0.5, 1.0)
    """

    type: Literal["opcua"] = Field(description="An OPC UA server.")
    url: str = Field(
        pattern=r"^opc\.tcp://[^/@\s]+(/[^@\s]*)?$",
        examples=["opc.tcp://10.0.0.5:4840/"],
        description="Address of the server; name and password are keys of their own.",
    )
    nodes: dict[str, NodeText] = Field(
        default={},
        description="Variables to hear, by the names that their values shall have.",
    )
    browse: NodeText | None = Field(
        default=None,
        examples=["2:Reactor"],
        description="A node: all variables under it are heard, named by their path below it, "
        "with dots between.",
    )
    lads: bool | None = Field(
        default=None,
        description="Whether the functions of laboratory devices (LADS, OPC 30500) are heard, "
        "named Device.Unit.Function; default: if neither nodes nor browse is given.",
    )
    namespaces: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(
        default={},
        examples=[{"lab": "urn:lab:reactor"}],
        description="Short names of namespaces, by their URI: then lab:Reactor and ns=lab;s=T name "
        "nodes, whatever number the server gives the namespace after its next restart.",
    )
    trigger: NodeText | None = Field(
        default=None,
        description="Name of a node, or a node, whose change makes a record of the latest values; "
        "of a boolean the change to true.",
    )
    within: Duration | None = Field(
        default=None,
        description="Without a trigger: values that change within this time are one record; "
        "default 1 s.",
    )
    interval: Duration = Field(default=0.5, description="How often the server sends what changed.")
    sampling: Duration | None = Field(
        default=None,
        description="How often the server looks at each variable; default: as often as it can.",
    )
    queue: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Changes of one variable that the server keeps between two sendings.",
    )
    deadband: float | None = Field(
        default=None, gt=0, description="Changes of numbers up to this size are not sent."
    )
    uncertain: Literal["missing", "keep"] = Field(
        default="missing",
        description="What becomes of values that the server calls uncertain; bad ones are missing.",
    )
    silence: Duration = Field(
        default=6.0,
        description="A server that sends nothing for so long, its own clock included, is away.",
    )
    security: str = Field(
        default="None",
        pattern=_SAFE,
        examples=["Basic256Sha256/SignAndEncrypt"],
        description="Policy and mode of the connection; all but None need cert_file and key_file. "
        "ca_file is the server's own certificate then; without it any server is believed.",
    )

    @property
    def joined_within(self) -> float | None:
        """``within`` or its default, in seconds; None with a trigger."""
        return None if self.trigger is not None else self.within or 1.0

    @property
    def silence_seconds(self) -> float:
        """``silence``, but at least the time in which a server may say nothing."""
        return max(self.silence, 3 * self.interval)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        said = ""
        if self.trigger is not None and self.within is not None:
            said = "has both trigger and within; a record is made by one of them"
        elif self.security != "None" and (self.cert_file is None or self.key_file is None):
            said = "has a security that needs cert_file and key_file"
        elif self.tls:
            said = "has tls, which OPC UA does not know: security says how it is encrypted"
        elif self.lads is False and not self.nodes and self.browse is None:
            said = "has nothing to hear: give nodes or browse, or leave lads out"
        if said:
            raise PydanticCustomError("range", "{said}", {"said": said})
        return self
