"""Signatures that tell a receiver who sends: those of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

_PREFIX: Final = "whsec_"
_LEAST, _MOST = 24, 64  # bytes of a secret, by the specification


class Signature:
    """Signs what is sent with HMAC-SHA256.

    Args:
        secret: ``whsec_`` and 24 to 64 bytes in base64; the receiver has the same.

    Raises:
        ValueError: For a secret of another form; its text is not told.

    References:
        Standard Webhooks, specification 1.0, https://www.standardwebhooks.com.

    Example:
        >>> signature = Signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        >>> headers = signature.headers(
        ...     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
        ... )
        >>> headers["webhook-signature"]
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """

    def __init__(self, secret: str) -> None:
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not secret.startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
            raise ValueError(
                f"{_PREFIX} and {_LEAST} to {_MOST} bytes in base64 are due; make one with: "
                f"echo {_PREFIX}$(head -c 32 /dev/urandom | base64)"
            )
        self._key = key

    def headers(self, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The headers of a message.

        Args:
            message_id: The same however often it is sent.
            timestamp: Of this attempt, seconds since 1970.
            body: As it is sent.
        """
        signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
        digest = hmac.new(self._key, signed, hashlib.sha256).digest()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
