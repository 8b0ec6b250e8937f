"""What one request, and all of them together, may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of records over HTTP; what is over one of them is refused before it is parsed.

    Args:
        body: Bytes of a request's body, as sent and as unpacked.
        records: Of one request.
        depth: Lists and objects inside each other.
        containers: Lists and objects of one request.
        in_flight: Bytes of all requests that are being read, or that Kafka does not have yet.
        body_seconds: In which a body must have come.
        kafka_seconds: In which Kafka must have taken the records.

    Example:
        >>> Limits().records
        10000
    """

    body: int = 8 << 20
    records: int = 10_000
    depth: int = 32
    containers: int = 100_000
    in_flight: int = 64 << 20
    body_seconds: float = 30.0
    kafka_seconds: float = 10.0
