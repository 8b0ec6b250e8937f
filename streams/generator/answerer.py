"""From a request to its answer: the window read back, a challenger trained and judged."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError

from halflife.schemas.lab import Lab
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.broker.topics import TopicPlan

from .answer import Answer
from .attempts import Attempts
from .batch_reader import read_batch
from .challenger import Challenger
from .errors import RegenerationError
from .log_reader import LogReader
from .smallest import has_smaller
from .spare_child import SpareChild
from .training_child import ChildDiedError, TrainingChild
from .training_job import TrainingJob
from .training_step import TrainingStep
from .window_reader import read_window

_log = logging.getLogger(__name__)

Tell = Callable[[RegenerationRequest, TrainingStep], None]


@dataclass
class _Effort:
    """What a request has cost so far."""

    attempts: Attempts
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class Answerer:
    """Answers requests; it writes nothing to Kafka.

    Args:
        lab: All streams.
        data: Folder of what must outlive a restart: models, attempts, unfinished trainings.
        arguments: Of every aiokafka client.
        topics: Names of the topics.
        tell: Is called with how far an answer is.
    """

    def __init__(
        self,
        lab: Lab,
        data: Path,
        arguments: Mapping[str, Any],
        topics: TopicPlan,
        tell: Tell,
    ) -> None:
        self._lab = lab
        self._models = data / "models"
        self._attempts = data / "attempts"
        self._checkpoints = data / "checkpoints"
        self._arguments = dict(arguments)
        self._topics = topics
        self._tell = tell
        self._spare = SpareChild()

    def prepare(self) -> None:
        """Gets ready for the next request."""
        self._spare.prepare()

    def close(self) -> None:
        """Ends what `prepare` started."""
        self._spare.close()

    async def answer(self, request: RegenerationRequest) -> Answer:
        """What a request leads to. Cancelling it kills the training, and forgives the attempt.

        Raises:
            KafkaError: For troubles of the broker, which pass.
            OSError: For troubles of the network or the disk, which may.
        """
        effort = _Effort(Attempts(self._attempts, request.request_id))
        challenger: Challenger | None = None
        try:
            challenger = await self._challenge(request, effort)
            text = challenger.reason
        except RegenerationError as error:
            text = str(error)
        except (KafkaError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  # a bug must not hold up the partition for ever
            _log.exception("%s: request %s failed", request.stream, request.request_id)
            text = f"the generator worker failed: {type(error).__name__}: {error}"
        plan = self._lab.streams.get(request.stream)
        return Answer(
            request=request,
            plan=request.plan if plan is None else plan.digest,
            challenger=challenger,
            text=text,
            attempts=max(1, effort.attempts.begun),
            seconds=effort.seconds,
            cpu_seconds=effort.cpu_seconds,
        )

    def published(self, request: RegenerationRequest) -> None:
        """A request is answered for good: its attempts and checkpoints are forgotten."""
        Attempts(self._attempts, request.request_id).forget()
        shutil.rmtree(self._checkpoints / request.request_id, ignore_errors=True)

    async def _challenge(self, request: RegenerationRequest, effort: _Effort) -> Challenger:
        plan = self._plan(request)
        died: ChildDiedError | None = None
        job: TrainingJob | None = None  # read once; a child that is new starts meanwhile
        while not effort.attempts.exhausted:
            child = self._spare.take()
            try:
                with child:
                    job = job or await self._read(request, plan)
                    return await self._train(child, job, effort)
            except ChildDiedError as error:
                died = error
                _log.warning("%s: %s; attempt %d", plan.name, died, effort.attempts.begun)
                if error.memory and job is not None and has_smaller(plan.generator):
                    job = replace(job, in_place_of=f"{plan.generator!r}, since {error}")
            finally:
                effort.cpu_seconds += child.cpu_seconds
        how = "the worker was killed with the training" if died is None else str(died)
        raise RegenerationError(f"given up after {effort.attempts.begun} attempts: {how}")

    async def _train(self, child: TrainingChild, job: TrainingJob, effort: _Effort) -> Challenger:
        attempts = effort.attempts
        attempts.begin()
        began = time.monotonic()
        try:
            return await child.train(
                job,
                tell=lambda step: self._tell(job.request, step),
                seconds=job.plan.time_limit,
            )
        except ChildDiedError:
            attempts.crashed()
            raise
        except asyncio.CancelledError:
            attempts.forgive()
            raise
        finally:
            effort.seconds += time.monotonic() - began

    def _plan(self, request: RegenerationRequest) -> StreamPlan:
        plan = self._lab.streams.get(request.stream)
        if plan is None:
            known = ", ".join(sorted(self._lab.streams))
            raise RegenerationError(
                f"the lab file of the generator worker has no stream {request.stream!r}; "
                f"it has {known}"
            )
        if plan.digest != request.plan:
            raise RegenerationError(
                f"the lab file of the generator worker declares {plan.name} otherwise than that of "
                f"the monitor worker that asked (digest {plan.digest}, not {request.plan}): "
                "both need the same file"
            )
        return plan

    async def _read(self, request: RegenerationRequest, plan: StreamPlan) -> TrainingJob:
        what = f"{request.window.count:,} records of the window"
        self._tell(request, TrainingStep("reading", what))
        async with LogReader(self._arguments) as reader:
            rows = await read_window(reader, self._topics.records, plan, request.window)
        return TrainingJob(
            plan=plan,
            request=request,
            rows=rows,
            champion=await self._champion(request, plan),
            models=self._models,
            checkpoints=self._checkpoints / request.request_id,
        )

    async def _champion(self, request: RegenerationRequest, plan: StreamPlan) -> Block | None:
        """The rows of the batch in circulation; a batch that nobody can read defends nothing."""
        if request.champion is None:
            return None
        try:
            return await read_batch(
                self._arguments, self._topics.synthetic, request.champion, plan.table
            )
        except RegenerationError as error:
            _log.warning("%s: the challenger is judged alone: %s", plan.name, error)
            return None
