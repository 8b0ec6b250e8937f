from __future__ import annotations

import socket

import pytest

from halflife.schemas.settings import Settings
from halflife.streams.broker.access import reach, wait_for_broker
from halflife.streams.broker.broker_error import BrokerError


async def test_nobody_there_is_said_in_one_sentence() -> None:
    expected = r"Kafka at 127\.0\.0\.1:1 \(PLAINTEXT\) did not answer within 0\.3 s: .*127\.0\.0\.1"
    with pytest.raises(BrokerError, match=expected):
        await wait_for_broker(Settings(broker="127.0.0.1:1"), seconds=0.3)
    with pytest.raises(BrokerError, match=expected):
        reach(Settings(broker="127.0.0.1:1"), seconds=0.3)  # inside a running loop too


def test_somebody_who_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(BrokerError, match=f"127.0.0.1:{port} is silent"):
            reach(Settings(broker=f"127.0.0.1:{port}"), seconds=0.3)
