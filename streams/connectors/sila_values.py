"""Values of SiLA 2 as plain data, and their units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from halflife.schemas.errors import MessageError

from .units import Units

_SILA: Final = "sila2.org.silastandard."
_SIMPLE: Final = {_SILA + name for name in ("Boolean", "Integer", "Real", "String")}
_DIMENSIONS: Final = {
    "Ampere": "A",
    "Candela": "cd",
    "Dimensionless": "",
    "Kelvin": "K",
    "Kilogram": "kg",
    "Meter": "m",
    "Mole": "mol",
    "Second": "s",
}
_NAMESPACE: Final = {"s": "http://www.sila-standard.org"}
_DEEPEST: Final = 20


class Scale(NamedTuple):
    """What a number of SiLA means: ``value * factor + offset`` in ``unit``."""

    unit: str
    factor: float = 1.0
    offset: float = 0.0


def plain_value(message: Any, scales: Mapping[str, Scale], path: str = "") -> Any:
    """A message as numbers, texts, mappings and lists; binaries are left out.

    Args:
        message: Of protobuf, as a property sends it.
        scales: Of numbers that have to be converted, by their path.
        path: Of the message.
    """
    kind = message.DESCRIPTOR.full_name
    if kind in _SIMPLE:
        value = message.value
        if path in scales and isinstance(value, int | float) and not isinstance(value, bool):
            value = value * scales[path].factor + scales[path].offset
        return None if isinstance(value, float) and math.isnan(value) else value
    if kind.startswith(_SILA):
        return _moment(message, kind.removeprefix(_SILA))
    fields = message.DESCRIPTOR.fields
    if message.DESCRIPTOR.name.startswith("DataType_") and len(fields) == 1:
        return _field(message, fields[0], scales, path)
    return {
        field.name: _field(message, field, scales, f"{path}.{field.name}".lstrip("."))
        for field in fields
    }


def property_value(answer: Any, name: str, scales: Mapping[str, Scale]) -> Any:
    """What a property says, as plain data; see `plain_value`.

    Args:
        answer: Message of its subscription.
        name: Of the property.
        scales: Of numbers that have to be converted, by their path.
    """
    return _field(answer, answer.DESCRIPTOR.fields_by_name[name], scales, "")


def scales_of(data_type: Any, feature: Any, units: Units) -> dict[str, Scale]:
    """The units of everything in a property, by its path; elements of a list have that of the list.

    Args:
        data_type: Its ``DataType`` in the definition of the feature (XML).
        feature: That definition.
        units: Knows units.
    """
    return dict(_scales(data_type, feature, units, "", 0))


def scale_of(
    label: str, factor: float, offset: float, dimensions: Mapping[str, int], units: Units
) -> Scale:
    """What a unit means: its label where that is known and right, else units of the SI.

    Args:
        label: As people write it.
        factor: From it to the SI.
        offset: From it to the SI, after the factor.
        dimensions: Exponent of each unit of the SI.
        units: Knows units.

    Example:
        >>> scale_of("°C", 1, 273.15, {"Kelvin": 1}, Units())
        Scale(unit='°C', factor=1.0, offset=0.0)
        >>> scale_of("gizmo", 0.001, 0, {"Meter": 3, "Second": -1}, Units())
        Scale(unit='m**3*s**-1', factor=0.001, offset=0.0)
    """
    si = "*".join(
        _DIMENSIONS[name] + ("" if exponent == 1 else f"**{exponent}")
        for name, exponent in dimensions.items()
        if exponent and _DIMENSIONS[name]
    )
    si = si or "1"
    try:
        zero, one = (units.convert(x, label, si, "") for x in (0.0, 1.0))
    except MessageError:
        return Scale(si, float(factor), float(offset))
    is_right = math.isclose(zero, offset, rel_tol=1e-6, abs_tol=1e-9) and math.isclose(
        one, factor + offset, rel_tol=1e-6, abs_tol=1e-12
    )
    return Scale(label) if is_right else Scale(si, float(factor), float(offset))


def _field(message: Any, field: Any, scales: Mapping[str, Scale], path: str) -> Any:
    value = getattr(message, field.name)
    if hasattr(value, "DESCRIPTOR"):
        return plain_value(value, scales, path)
    if isinstance(value, str | bytes | int | float):
        return value
    return [plain_value(each, scales, path) for each in value]


def _moment(message: Any, kind: str) -> Any:
    """Dates and times as ISO 8601; None for what is no plain data."""
    zone = getattr(message, "timezone", None)
    shift = 0 if zone is None else zone.hours * 60 + zone.minutes
    ended = f"{'-' if shift < 0 else '+'}{abs(shift) // 60:02}:{abs(shift) % 60:02}"
    date = time = ""
    if kind in {"Date", "Timestamp"}:
        date = f"{message.year:04}-{message.month:02}-{message.day:02}"
    if kind in {"Time", "Timestamp"}:
        time = f"{message.hour:02}:{message.minute:02}:{message.second:02}"
        time += f".{message.millisecond:03}" if getattr(message, "millisecond", 0) else ""
    text = "T".join(filter(None, (date, time)))
    return text + ended if text else None


def _scales(node: Any, feature: Any, units: Units, path: str, depth: int) -> Any:
    if depth > _DEEPEST:
        return
    for inner in node:
        kind = inner.tag.rpartition("}")[2]
        if kind == "Constrained":
            for unit in inner.iterfind("s:Constraints/s:Unit", _NAMESPACE):
                yield path, _unit(unit, units)
            yield from _scales(
                inner.find("s:DataType", _NAMESPACE), feature, units, path, depth + 1
            )
        elif kind == "List":
            yield from _scales(
                inner.find("s:DataType", _NAMESPACE), feature, units, path, depth + 1
            )
        elif kind == "Structure":
            for element in inner.iterfind("s:Element", _NAMESPACE):
                name = element.findtext("s:Identifier", "", _NAMESPACE)
                below = f"{path}.{name}".lstrip(".")
                yield from _scales(
                    element.find("s:DataType", _NAMESPACE), feature, units, below, depth + 1
                )
        elif kind == "DataTypeIdentifier":
            for known in feature.iterfind("s:DataTypeDefinition", _NAMESPACE):
                if known.findtext("s:Identifier", "", _NAMESPACE) == (inner.text or "").strip():
                    yield from _scales(
                        known.find("s:DataType", _NAMESPACE), feature, units, path, depth + 1
                    )


def _unit(node: Any, units: Units) -> Scale:
    dimensions: dict[str, int] = {}
    for part in node.iterfind("s:UnitComponent", _NAMESPACE):
        name = part.findtext("s:SIUnit", "", _NAMESPACE).strip()
        # The library itself takes the name of the unit for its exponent.
        exponent = int(part.findtext("s:Exponent", "1", _NAMESPACE))
        dimensions[name] = dimensions.get(name, 0) + exponent
    label, factor, offset = (
        node.findtext(f"s:{name}", "", _NAMESPACE).strip() for name in ("Label", "Factor", "Offset")
    )
    return scale_of(label, float(factor), float(offset), dimensions, units)
