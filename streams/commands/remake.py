"""``halflife remake``: a batch made again from its manifest, and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .options import STDOUT, OutputFile, json_option

if TYPE_CHECKING:
    from halflife.schemas.batch import SyntheticBatch
    from halflife.schemas.settings import Settings
    from halflife.schemas.stream_plan import StreamPlan
    from halflife.schemas.window import Window
    from halflife.streams.broker.topics import TopicPlan
    from halflife.streams.watch.rows import Rows

_FAILED: Final = 1


@click.command("remake")
@click.argument("batch", metavar="BATCH")
@click.option("-o", "--out", type=OutputFile(), metavar="FILE", help="Write the rows to a CSV.")
@click.option(
    "--retrain",
    is_flag=True,
    help="Where training began with another model, train that again too, though its file is here.",
)
@json_option()
def command(batch: str, out: Path | None, retrain: bool, json_file: Path | None) -> int:
    """Make a batch again from its manifest and the log.

    BATCH is its id, or the first letters of it (`halflife batches` lists them). The window is
    read back, the model trained and the rows sampled with the seeds of then. On a CPU they are
    the same bit for bit; where they are not, what differs is told and the exit status is 1.
    """
    from halflife.streams.generator.remaker import Remaker

    from .output import progress, write_json
    from .reach import reach
    from .synthesize import write_csv

    settings, topics = reach()
    with progress("reading the manifests") as tell:
        remaker = Remaker(
            known_batches(settings, topics),
            read=lambda plan, window: asyncio.run(_window(settings, topics, plan, window)),
            models=None if retrain else settings.data / "models",
            tell=lambda step: tell(step.step, step.steps, step.text),
        )
        remade = remaker.remake(remaker.find(batch))
    write_json(json_file, remade.to_dict())
    if out is not None:
        write_csv(out, remade.batch)
    if json_file != STDOUT:
        for before in remade.after:
            click.echo(f"batch {before}: made again first, since training began with its model")
        click.echo(remade.text)
        if out is not None:
            click.echo(f"wrote {out}")
    return 0 if remade.same else _FAILED


def known_batches(settings: Settings, topics: TopicPlan) -> list[SyntheticBatch]:
    """Every batch that some topic still tells of.

    The topic of batches is compacted, and forgets those that were replaced long ago; requests and
    outcomes hold the manifests too.
    """
    from halflife.schemas.batch import SyntheticBatch
    from halflife.schemas.regeneration import RegenerationOutcome, RegenerationRequest

    from .topic_reader import TopicReader, parsed

    with TopicReader(settings) as reader:
        own = parsed(SyntheticBatch, reader.newest(topics.batches))
        messages = reader.newest(topics.regenerations)
    told: Iterable[Any] = (
        *(one.champion for one in parsed(RegenerationRequest, messages)),
        *(one.batch for one in parsed(RegenerationOutcome, messages)),
    )
    return [*(one for one in told if one is not None), *own]


async def _window(settings: Settings, topics: TopicPlan, plan: StreamPlan, window: Window) -> Rows:
    from halflife.streams.broker.clients import aiokafka_arguments
    from halflife.streams.generator.log_reader import LogReader
    from halflife.streams.generator.window_reader import read_window

    async with LogReader(aiokafka_arguments(settings)) as reader:
        return await read_window(reader, topics.records, plan, window)
