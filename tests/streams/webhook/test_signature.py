"""Signatures are those of Standard Webhooks: its own library takes them."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from halflife.streams.webhook.signature import Signature

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@given(st.binary(min_size=24, max_size=64), st.text())
def test_the_library_of_the_standard_takes_what_we_sign(key: bytes, text: str) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body = b'{"text": "' + text.encode("utf-8", "replace").hex().encode() + b'"}'
    headers = Signature(secret).headers("a1b2", _now(), body)
    assert Webhook(secret).verify(body, headers)["text"] == text.encode("utf-8", "replace").hex()


def test_it_takes_nothing_that_was_changed() -> None:
    headers = Signature(SECRET).headers("a1b2", _now(), b'{"a": 1}')
    receiver = Webhook(SECRET)
    receiver.verify(b'{"a": 1}', headers)
    for changed in ({"webhook-id": "other"}, {"webhook-timestamp": str(_now() - 1)}):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(b'{"a": 1}', headers | changed)
    with pytest.raises(WebhookVerificationError):
        receiver.verify(b'{"a": 2}', headers)


@pytest.mark.parametrize(
    "secret", ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], "whsec_ä"]
)
def test_a_secret_that_is_none_is_not_told(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes in base64") as caught:
        Signature(secret)
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value)


def _now() -> int:
    return int(time.time())
