"""A source that is properties of a SiLA 2 server."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from halflife.schemas.quantities import Duration

from .access import UserPath
from .source_plan import SourcePlan

ValueName = Annotated[str, Field(min_length=1, max_length=200)]
PropertyPath = Annotated[
    str,
    Field(
        pattern=r"^[A-Z][A-Za-z0-9]{0,254}(\.[A-Za-z0-9]{1,255}){1,9}$",
        examples=["TemperatureController.CurrentTemperature"],
    ),
]


class SilaSource(SourcePlan):
    """``type = "sila"``: observable properties of a SiLA 2 server.

    Example:
        >>> SilaSource(name="oven", type="sila", host="10.0.0.7", port=50052, trigger="t",
        ...     properties={"t": "TemperatureController.CurrentTemperature"}).port
        50052
    """

    host: str = Field(min_length=1, max_length=253, description="Name or address of the server.")
    port: int = Field(ge=1, le=65535, description="Its port.")
    properties: dict[ValueName, PropertyPath] = Field(
        min_length=1,
        max_length=500,
        description="Of each value, by the name that it has here: feature, property, and what of "
        "a structure or list, with dots between.",
    )
    trigger: ValueName | None = Field(
        default=None, description="Name whose change makes a record of the latest values."
    )
    within: Duration | None = Field(
        default=None,
        description="Longest time between the values of one record, in place of a trigger.",
    )
    settle: Duration = Field(
        default=0.05,
        description="With a trigger: for how long values that belong to it may come after it; each "
        "property comes on a stream of its own. Less than from one reading to the next.",
    )
    ca_file: UserPath | None = Field(
        default=None,
        description="Certificate (PEM) of the server, or of who vouches for it; default: those "
        "that this machine trusts. Most SiLA servers make one of their own.",
    )
    cert_file: UserPath | None = Field(
        default=None, description="Certificate (PEM) that we show, where the server asks for one."
    )
    key_file: UserPath | None = Field(default=None, description="Private key (PEM) of it.")
    insecure: bool = Field(
        default=False, description="Whether to speak without encryption, which SiLA 2 forbids."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.trigger is None) == (self.within is None):
            raise PydanticCustomError(
                "range", "needs one of 'trigger' (a name of 'properties') and 'within' (a time)"
            )
        if self.trigger is not None and self.trigger not in self.properties:
            raise PydanticCustomError(
                "range",
                "has the trigger {trigger}, which is no name of 'properties': {names}",
                {"trigger": repr(self.trigger), "names": ", ".join(list(self.properties)[:12])},
            )
        if self.within is not None and "settle" in self.model_fields_set:
            raise PydanticCustomError("range", "has 'settle', which is for a 'trigger'")
        files = (self.ca_file, self.cert_file, self.key_file)
        if self.insecure and any(files):
            raise PydanticCustomError("range", "is 'insecure', and has a certificate all the same")
        if (self.cert_file is None) != (self.key_file is None):
            raise PydanticCustomError("range", "needs 'cert_file' and 'key_file' together")
        return self
