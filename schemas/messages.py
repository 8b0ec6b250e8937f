"""All messages in one place: what is exported as JSON Schema and what the workers speak."""

from __future__ import annotations

from typing import Final

from .alert import Alert
from .batch import SyntheticBatch
from .control import Command
from .decision import Decision
from .fidelity_report import FidelityReport
from .message import Message
from .progress import TrainingProgress
from .record import ExperimentRecord, SyntheticRecord
from .regeneration import RegenerationOutcome, RegenerationRequest
from .source_event import SourceEvent
from .source_position import SourcePosition
from .window import Window

__all__ = [
    "MESSAGES",
    "Alert",
    "Command",
    "Decision",
    "ExperimentRecord",
    "FidelityReport",
    "Message",
    "RegenerationOutcome",
    "RegenerationRequest",
    "SourceEvent",
    "SourcePosition",
    "SyntheticBatch",
    "SyntheticRecord",
    "TrainingProgress",
    "Window",
]

MESSAGES: Final[tuple[type[Message], ...]] = (
    Alert,
    Command,
    Decision,
    ExperimentRecord,
    FidelityReport,
    RegenerationOutcome,
    RegenerationRequest,
    SourceEvent,
    SourcePosition,
    SyntheticBatch,
    SyntheticRecord,
    TrainingProgress,
)
