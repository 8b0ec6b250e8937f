"""A message that could not be used, as it lies in the topic of dead letters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from .topics import DEAD_LETTER_ROOM, MAX_MESSAGE_BYTES

Headers = tuple[tuple[str, bytes], ...]

RESENT: Final = "halflife-resent"

_ORIGINAL: Final = "original-"
_MOST: Final = MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM - 2**12  # what a record batch takes around it
_MOST_TEXT: Final = 2000  # characters of a reason
_PER_HEADER: Final = 16  # bytes that the protocol takes around each


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message, byte for byte, with where it came from and why it could not be used.

    Kafka message: value and key as they came; headers ``halflife-reason``, ``-text``, ``-path``,
    ``-topic``, ``-partition``, ``-offset``, and the original ones, each with ``original-`` before
    its name. What does not fit into the topic is cut off at its end, and ``halflife-truncated``
    (the size in bytes) and ``halflife-sha256`` (of the whole) say so.

    What a connector could not use has ``halflife-source`` and ``halflife-address`` in place of a
    topic where it never was a record.

    Args:
        reason: A word for machines, as ``unknown-column``.
        text: A sentence for people.
        path: Where in the message, as ``values.temperature``; empty for all of it.
        topic: Where it came from, or would have gone to; empty if it never was a record.
        partition: And in which partition; -1 if it was in none.
        offset: And at which offset; -1 if it had none.
        key: As it came.
        value: As it came, or its beginning.
        headers: As they came.
        size: Bytes of the value as it came, where it was cut; None if it is whole.
        sha256: Of the value as it came, in hexadecimal digits, where it was cut.
        source: The source that it came from, if a connector read it.
        address: Where it stood in that source.

    Example:
        >>> letter = DeadLetter(
        ...     reason="broken-json", text="It ends too soon.", path="", topic="halflife.records",
        ...     partition=0, offset=7, key=b"opv", value=b"{", headers=(("ce_id", b"1"),),
        ... )
        >>> key, value, headers = letter.to_message()
        >>> DeadLetter.from_message(key, value, headers) == letter
        True
    """

    reason: str
    text: str
    path: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    size: int | None = None
    sha256: str | None = None
    source: str = ""
    address: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing was cut off."""
        return self.size is None

    def to_message(
        self, *, limit: int = _MOST
    ) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
        """Key, value and headers for a producer.

        Args:
            limit: The most bytes of all three together; at least 64 KiB.

        Raises:
            ValueError: For a smaller limit.
        """
        if limit < 2**16:
            raise ValueError(f"limit {limit} is under the 65536 bytes that a dead letter may need")
        headers = self._own_headers()
        room = limit - _bytes_of(headers) - 2**8  # for the two headers that tell of a cut
        key = self.key if self.key is None or len(self.key) <= room // 2 else None
        room -= len(key or b"")
        original = [(_ORIGINAL + name, value) for name, value in self.headers]
        if _bytes_of(original) <= room:
            headers += original
            room -= _bytes_of(original)
        value = self.value
        if value is not None and (len(value) > room or not self.whole):
            whole_size = self.size if self.size is not None else len(value)
            digest = self.sha256 or hashlib.sha256(value).hexdigest()
            headers += [
                ("halflife-truncated", str(whole_size).encode()),
                ("halflife-sha256", digest.encode()),
            ]
            value = value[:room]
        return key, value, headers

    @classmethod
    def from_message(
        cls,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> Self:
        """From what a consumer read.

        Raises:
            ValueError: For a message that is no dead letter, naming the header that is not there.
        """
        own = {name: (text or b"").decode("utf-8", "replace") for name, text in headers}

        def get(name: str) -> str:
            if name not in own:
                raise ValueError(f"no dead letter of Halflife: it has no header {name!r}")
            return own[name]

        cut = own.get("halflife-truncated")
        return cls(
            reason=get("halflife-reason"),
            text=get("halflife-text"),
            path=get("halflife-path"),
            topic=get("halflife-topic"),
            partition=int(get("halflife-partition")),
            offset=int(get("halflife-offset")),
            key=key,
            value=value,
            headers=tuple(
                (name.removeprefix(_ORIGINAL), text or b"")
                for name, text in headers
                if name.startswith(_ORIGINAL)
            ),
            size=None if cut is None else int(cut),
            sha256=own.get("halflife-sha256"),
            source=own.get("halflife-source", ""),
            address=own.get("halflife-address", ""),
        )

    def _own_headers(self) -> list[tuple[str, bytes]]:
        """The headers that say why and where from."""
        texts = {
            "halflife-reason": self.reason[:_MOST_TEXT],
            "halflife-text": self.text[:_MOST_TEXT],
            "halflife-path": self.path[:_MOST_TEXT],
            "halflife-topic": self.topic,
            "halflife-partition": str(self.partition),
            "halflife-offset": str(self.offset),
        }
        if self.source:
            texts["halflife-source"] = self.source
            texts["halflife-address"] = self.address[:_MOST_TEXT]
        return [(name, text.encode("utf-8", "replace")) for name, text in texts.items()]


def _bytes_of(headers: Sequence[tuple[str, bytes]]) -> int:
    """About what headers take in a message, rather too much than too little."""
    return sum(len(name.encode()) + len(value) + _PER_HEADER for name, value in headers)
