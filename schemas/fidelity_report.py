"""How true the batch in circulation still is to the real data of now."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .message import EventTime, Identity, Message, Share, StreamName

Ends = tuple[float | None, float | None]


class FidelityReport(Message):
    """Fidelity of the batch in circulation at one record, and what it is heading for."""

    topic: ClassVar[str] = "fidelity"

    report_id: Identity = Field(description="Hash of stream, kind and place.")
    stream: StreamName
    batch_id: Identity = Field(description="The batch in circulation.")
    record: int = Field(ge=0, description="0-based record of the stream that it was measured at.")
    offset: int = Field(ge=0, description="Its offset in the topic of records.")
    time: EventTime
    real_rows: int = Field(description="Recent real records that it was measured against.")
    fidelity: Share = Field(description="The worst part.")
    parts: dict[str, float] = Field(description="columns, pairs, joint, predictive; 1 is best.")
    bands: dict[str, tuple[float, float]] = Field(
        description="What sampling noise alone gives each part, 95 %."
    )
    columns: dict[str, float] = Field(
        default_factory=dict, description="Fidelity of each column for itself; 1 is best."
    )
    retained: float = Field(ge=0, description="Worst part now over the same part at birth.")
    retained_interval: tuple[float, float] = Field(description="Its 90 % interval.")
    retained_part: str = Field(description="The part that has kept least.")
    under_limit: bool = Field(
        description="Whether it kept less than `keep`, beyond the noise of this tick, and either "
        "all ticks together or a drift alarm say that it has lost some."
    )
    age_records: int = Field(ge=0, description="Real records since the batch's window ended.")
    age_hours: float = Field(ge=0, description="Event time since the batch's window ended, hours.")
    half_life_records: float | None = Field(description="Age at which half is retained, records.")
    half_life_interval: Ends = Field(description="Its 90 % interval.")
    half_life_hours: float | None = Field(description="The same in hours of event time.")
    half_life_hours_interval: Ends = Field(description="Its 90 % interval.")
    expiry_records: float | None = Field(description="Age at which `keep` is crossed, records.")
    expiry_interval: Ends = Field(description="Its 90 % interval.")
    expiry_hours: float | None = Field(description="The same in hours of event time.")
    expiry_hours_interval: Ends = Field(description="Its 90 % interval.")
    forecast: str = Field(
        description="Half-life and expiry of the part that decays first, in words."
    )
    utility_gap: float | None = Field(
        description="How much larger the error of models trained on the batch is than that of "
        "models trained on real records, at the latest real records before any training saw them: "
        "0.2 is a fifth."
    )
    utility_gap_interval: tuple[float, float] | None = Field(description="Its 90 % interval.")
    c2st_auc: float | None = Field(description="Area under the curve of real against synthetic.")
    tstr: float | None = Field(description="Skill on new real rows, trained on the batch.")
    trtr: float | None = Field(description="Skill on new real rows, trained on real rows.")
