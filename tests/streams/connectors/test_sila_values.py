"""Values of SiLA 2, of every type, as plain data; and what their units mean."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sila2.framework.feature import Feature
from sila2.framework.pb2 import SiLAFramework_pb2 as Pb

from halflife.streams.connectors.sila_values import (
    Scale,
    plain_value,
    property_value,
    scale_of,
    scales_of,
)
from halflife.streams.connectors.units import Units
from tests.harness.sila_server import FEATURE


@cache
def oven() -> Feature:
    return Feature(str(FEATURE))


def said(name: str, value: Any, scales: dict[str, Scale] | None = None) -> Any:
    """What a client gets of a value that a server publishes."""
    sent = oven()._observable_properties[name].to_message(value)
    answer = type(sent).FromString(sent.SerializeToString())
    return property_value(answer, name, scales or {})


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers(value: int) -> None:
    assert said("Count", value) == value


@given(st.floats())
def test_reals(value: float) -> None:
    found = said("Temperature", value)
    assert found is None if math.isnan(value) else found == value


@given(st.lists(st.floats(allow_nan=False), max_size=9))
def test_lists(value: list[float]) -> None:
    assert said("Trace", value) == value


@given(st.floats(-1e9, 1e9), st.text(st.characters(codec="utf-8"), max_size=50))
def test_structures(flow: float, door: str) -> None:
    assert said("Chamber", (flow, door)) == {"Flow": flow, "Door": door}
    scaled = said("Chamber", (flow, door), {"Flow": Scale("m", 2.0, 1.0)})
    assert scaled["Flow"] == flow * 2 + 1


@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001  # the zone is apart
    st.integers(-14 * 60, 14 * 60),
)
def test_moments(moment: datetime, shift: int) -> None:
    zone = Pb.Timezone(hours=shift // 60, minutes=shift % 60)
    date = {"year": moment.year, "month": moment.month, "day": moment.day}
    time = {"hour": moment.hour, "minute": moment.minute, "second": moment.second}
    found = plain_value(Pb.Timestamp(**date, **time, timezone=zone), {})
    again = datetime.fromisoformat(found)
    assert again.replace(tzinfo=None) == moment.replace(microsecond=0)
    offset = again.utcoffset()
    assert offset is not None
    assert offset.total_seconds() == shift * 60
    assert plain_value(Pb.Date(**date, timezone=zone), {})[:10] == moment.date().isoformat()
    assert plain_value(Pb.Time(**time, timezone=zone), {})[:8] == f"{moment:%H:%M:%S}"


def test_what_is_no_plain_data_is_left_out() -> None:
    assert plain_value(Pb.Binary(value=b"x" * 1000), {}) is None
    assert plain_value(Pb.Any(type="<x/>", payload=b"y"), {}) is None
    assert plain_value(Pb.Boolean(value=True), {}) is True
    moment = Pb.Timestamp(year=2026, month=11, day=22, millisecond=7)
    assert plain_value(moment, {}) == "2026-11-22T00:00:00.007+00:00"
    assert datetime.fromisoformat(plain_value(moment, {})).astimezone(UTC).microsecond == 7000


@given(st.binary(max_size=300))
def test_bytes_of_strangers_are_plain_data_or_no_message(raw: bytes) -> None:
    kind = oven()._pb2_module.Subscribe_Chamber_Responses  # type: ignore[attr-defined]  # made at run time
    try:
        answer = kind.FromString(raw)
    except Exception:  # noqa: BLE001  # of the library, and grpc's affair
        return
    orjson.dumps(property_value(answer, "Chamber", {}), default=lambda _: 1 / 0)


@pytest.mark.parametrize(
    ("label", "factor", "offset", "dimensions", "scale"),
    [
        ("K", 1, 0, {"Kelvin": 1}, Scale("K")),
        ("degC", 1, 273.15, {"Kelvin": 1}, Scale("degC")),
        # A label that says something else than the definition is not believed.
        ("C", 1, 273.15, {"Kelvin": 1}, Scale("K", 1.0, 273.15)),
        ("mL/min", 1e-6 / 60, 0, {"Meter": 3, "Second": -1}, Scale("mL/min")),
        ("pH", 1, 0, {"Dimensionless": 1}, Scale("1")),
        ("%", 0.01, 0, {"Dimensionless": 1}, Scale("%")),
        ("'; DROP", 2, 0, {"Second": 1}, Scale("s", 2.0, 0.0)),
    ],
)
def test_units(
    label: str, factor: float, offset: float, dimensions: dict[str, int], scale: Scale
) -> None:
    assert scale_of(label, factor, offset, dimensions, Units()) == scale


def test_units_are_found_in_definitions() -> None:
    definition = oven()._fdl_node
    found = {
        node.findtext("{*}Identifier"): scales_of(node.find("{*}DataType"), definition, Units())
        for node in definition.iterfind("{*}Property")
    }
    assert found == {
        "Count": {},
        "Temperature": {"": Scale("°C")},
        "Chamber": {"Flow": Scale("m**3*s**-1", 0.001, 0.0)},
        "Trace": {},
        "Maker": {},
    }
