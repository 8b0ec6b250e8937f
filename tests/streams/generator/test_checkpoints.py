"""Unfinished trainings: kept by request, gone with its answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from halflife.schemas.lab import Lab
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.broker.topics import TopicPlan
from halflife.streams.generator.answerer import Answerer


def test_the_checkpoints_of_an_answered_request_are_deleted_and_no_others(
    plan: StreamPlan, ask: Callable[..., RegenerationRequest], tmp_path: Path
) -> None:
    request = ask()
    for name in (request.request_id, "another"):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        (folder / "job.npz").write_bytes(b"half of a training")
    topics = TopicPlan.with_prefix("lab")
    answerer = Answerer(
        Lab(stream={plan.name: plan}), tmp_path, {}, topics, lambda request, step: None
    )
    answerer.published(request)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["another"]
    answerer.published(request)
