from __future__ import annotations

import base64

from halflife.streams.broker.embedded import _cluster_id


def test_no_cluster_id_looks_like_an_option() -> None:
    found = {_cluster_id() for _ in range(2000)}  # one in 64 would begin with "-"
    assert len(found) == 2000
    assert not any(text.startswith("-") for text in found)
    assert {len(base64.urlsafe_b64decode(text + "==")) for text in found} == {16}
