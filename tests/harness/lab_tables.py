"""The ten laboratory tables on which generators are compared, and how they are split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from halflife.schemas.table import Block, Column, Kind, Role, SumLaw, Table
from halflife.streams.demo import campaigns

FOLDER: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"

_MATERIALS: Final = ("mat_1", "mat_2", "mat_3", "mat_4")
_SENSORS: Final = tuple(f"s{sensor:02d}_dR" for sensor in range(1, 17))


class TableMissingError(RuntimeError):
    """A table that is not on this machine; the text says what is missing."""


@dataclass(frozen=True)
class LabTable:
    """One table: its columns by role, and where it is.

    Args:
        name: Of the table, and of its folder unless it comes with the package ``olymp``.
        set_points: What the planner chose.
        measured: What answered.
        target: What models predict.
        context: Where and who.
        categories: Which of all these hold categories.
        integers: Which hold whole numbers.
        sum_to_one: Columns that add up to one.
        prepare: What is done with the file's columns first.
        campaign: The name under which ``olymp`` has it.
    """

    name: str
    set_points: tuple[str, ...]
    measured: tuple[str, ...]
    target: str
    context: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    sum_to_one: tuple[str, ...] = ()
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame
    campaign: Literal["photo_wf3", "hplc"] | None = None

    @property
    def table(self) -> Table:
        """The columns, context first, with the laws and the target."""
        roles = {Role.CONTEXT: self.context, Role.SET_POINT: self.set_points}
        roles[Role.MEASURED] = self.measured
        columns = tuple(
            Column(name=name, role=role, kind=self._kind(name))
            for role, names in roles.items()
            for name in names
        )
        laws = (SumLaw(self.sum_to_one, equals=1.0),) if self.sum_to_one else ()
        return Table(columns, laws, self.target)

    def read(self) -> Block:
        """All rows.

        Raises:
            TableMissingError: If the folder or the package with it is not there.
        """
        return Block.from_frame(self.table, self.prepare(self._frame()))

    def _frame(self) -> pd.DataFrame:
        if self.campaign is not None:
            try:
                return campaigns.campaign(self.campaign)
            except campaigns.CampaignsMissingError as error:
                raise TableMissingError(str(error)) from error
        found = sorted((FOLDER / self.name).glob("data.csv*"))
        if not found:
            raise TableMissingError(f"no data.csv in {FOLDER / self.name}")
        return pd.read_csv(found[0])

    def _kind(self, name: str) -> Kind:
        if name in self.categories:
            return Kind.CATEGORY
        return Kind.INTEGER if name in self.integers else Kind.NUMBER


def halves(block: Block, seed: int) -> tuple[Block, Block]:
    """Training and held-out rows, half and half, by a seed."""
    order = np.random.default_rng(seed).permutation(len(block))
    return block[order[: len(block) // 2]], block[order[len(block) // 2 :]]


def _log_conductivity(frame: pd.DataFrame) -> pd.DataFrame:
    """Ten decades as their logarithm; 0 is none of them."""
    conductivity = frame["ionic_conductivity_S_cm"]
    logarithm = np.log10(conductivity.where(conductivity > 0))
    return frame.assign(log_conductivity=logarithm)


LAB_TABLES: Final[dict[str, LabTable]] = {
    table.name: table
    for table in (
        LabTable(
            name="concrete_strength",
            set_points=(
                "cement", "slag", "fly_ash", "water", "superplasticizer",
                "coarse_aggregate", "fine_aggregate", "age_day",
            ),
            measured=("strength_MPa",),
            target="strength_MPa",
        ),
        LabTable(
            name="agnp_flow",
            set_points=(
                "q_agno3_pct", "q_pva_pct", "q_tsc_pct", "q_seed_pct", "q_total_uL_min",
            ),
            measured=("spectrum_loss",),
            target="spectrum_loss",
        ),
        LabTable(
            name="gas_sensor_drift",
            set_points=("gas_name", "concentration_ppm"),
            measured=_SENSORS,
            target="gas_name",
            categories=("gas_name",),
        ),
        LabTable(
            name="perovskite_vapdiff",
            context=("lab",),
            set_points=(
                "organic_0_chemname", "organic_0_molarity", "inorganic_0_molarity",
                "solvent_0_chemname", "solvent_0_molarity", "acid_0_molarity",
                "alpha_vial_volume", "beta_vial_volume", "reaction_time", "reaction_temperature",
            ),
            measured=("outcome",),
            target="outcome",
            categories=("lab", "organic_0_chemname", "solvent_0_chemname", "outcome"),
        ),
        LabTable(
            name="obelix_solid_electrolytes",
            set_points=("family", "space_group"),
            measured=(
                "Z", "a", "b", "c", "alpha", "beta", "gamma", "below_detection",
                "log_conductivity",
            ),
            target="log_conductivity",
            categories=("family", "space_group", "below_detection"),
            integers=("Z",),
            prepare=_log_conductivity,
        ),
        LabTable(
            name="glass_ternary",
            set_points=(
                "processing", "n_elements", "Z_mean", "Z_std", "Z_min", "Z_max", "mass_mean",
                "mass_std", "mass_min", "mass_max", "rcov_mean", "rcov_std", "rcov_min",
                "rcov_max", "period_mean", "period_std", "period_min", "period_max", "frac_max",
                "entropy", "frac_O", "frac_tm", "frac_halogen", "frac_chalcogen",
            ),
            measured=("gfa",),
            target="gfa",
            categories=("processing", "gfa"),
            integers=("n_elements", "Z_min", "Z_max", "period_min", "period_max"),
        ),
        LabTable(
            name="lipid_nanoparticles",
            set_points=(
                "drug_input", "solid_lipid", "solid_lipid_input", "liquid_lipid_input",
                "surfractant_input",
            ),
            measured=("drug_loading", "encap_efficiency", "particle_diameter"),
            target="particle_diameter",
            categories=("solid_lipid",),
        ),
        LabTable(
            name="photo_pce10",
            set_points=_MATERIALS,
            measured=("degradation",),
            target="degradation",
            sum_to_one=_MATERIALS,
        ),
        LabTable(
            name="opv",
            set_points=_MATERIALS,
            measured=("degradation",),
            target="degradation",
            sum_to_one=_MATERIALS,
            campaign="photo_wf3",
        ),
        LabTable(
            name="hplc",
            set_points=(
                "sample_loop", "additional_volume", "tubing_volume", "sample_flow",
                "push_speed", "wait_time",
            ),
            measured=("peak_area",),
            target="peak_area",
            campaign="hplc",
        ),
    )
}  # fmt: skip
