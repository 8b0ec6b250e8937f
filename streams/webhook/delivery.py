"""One attempt to hand an alert to the receiver."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from halflife.schemas.alert import Alert

from .metrics import Outcome
from .payload import Format, payload
from .signature import Signature

_SECONDS: Final = 15.0
_PASSING: Final = frozenset({408, 425, 429})
"""Answers of 400 to 499 after which another attempt may do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ended.

    Args:
        outcome: delivered; retried: to be tried again; refused: for good.
        text: What the receiver said, or why it said nothing.
        wait: Seconds that it asks to be left alone.
    """

    outcome: Outcome
    text: str
    wait: float = 0.0


class Delivery:
    """Posts alerts to a webhook.

    Args:
        url: Of the webhook; it is told nowhere, for those of Slack and Teams are secrets.
        form: Of the body.
        signature: Signs what is sent; None for receivers that ask for none.
        seconds: That an attempt may take.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        form: Format,
        signature: Signature | None,
        *,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._form = form
        self._signature = signature
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._clock = clock

    async def attempt(self, session: aiohttp.ClientSession, alert: Alert) -> Answer:
        """Post an alert once."""
        body = payload(alert, self._form)
        headers = {"content-type": "application/json", "user-agent": "halflife"}
        if self._signature is not None:
            headers |= self._signature.headers(alert.alert_id, int(self._clock()), body)
        try:
            # An alert that is sent elsewhere than to whom it was meant for is not delivered.
            async with session.post(
                self._url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                return _read(response.status, response.headers.get("retry-after", ""))
        except TimeoutError:
            return Answer("retried", f"no answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Answer("retried", f"no answer: {type(error).__name__}")


def _read(status: int, retry_after: str) -> Answer:
    text = f"the answer was {status}"
    if 200 <= status < 300:
        return Answer("delivered", text)
    if status >= 500 or status in _PASSING:
        return Answer("retried", text, float(retry_after) if retry_after.isdecimal() else 0.0)
    return Answer("refused", text)
