"""Generators with their defaults: train.csv in, made.csv and its CPU seconds out."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd


def arf(frame: pd.DataFrame, categories: list[str], seed: int) -> pd.DataFrame:
    """Adversarial random forests (Watson et al. 2023)."""
    from arfpy import arf as forests

    typed = frame.astype(dict.fromkeys(categories, "category"))
    model = forests.arf(x=typed, random_state=seed, verbose=False)
    model.forde()
    return model.forge(n=len(frame))


def forest_diffusion(frame: pd.DataFrame, categories: list[str], seed: int) -> pd.DataFrame:
    """Flow matching with boosted trees (Jolicoeur-Martineau et al. 2024)."""
    from ForestDiffusion import ForestDiffusionModel

    coded = frame.copy()
    levels = {}
    for name in categories:
        codes, levels[name] = pd.factorize(coded[name])
        coded[name] = codes
    places = [list(frame).index(name) for name in categories]
    model = ForestDiffusionModel(
        coded.to_numpy(dtype=float), label_y=None, n_t=50, duplicate_K=100,
        cat_indexes=places, int_indexes=[], diffusion_type="flow", n_jobs=1, seed=seed,
    )  # fmt: skip
    made = pd.DataFrame(model.generate(batch_size=len(frame)), columns=list(frame))
    for name in categories:
        codes = made[name].round().clip(0, len(levels[name]) - 1).astype(int)
        made[name] = np.asarray(levels[name])[codes]
    return made


def sdv(kind: str, frame: pd.DataFrame, categories: list[str]) -> pd.DataFrame:
    """One of SDV's single-table synthesizers."""
    from sdv import single_table
    from sdv.metadata import Metadata

    types = {c: {"sdtype": "categorical" if c in categories else "numerical"} for c in frame}
    metadata = Metadata.load_from_dict({"tables": {"lab": {"columns": types}}})
    model = getattr(single_table, kind)(metadata)
    data = {"lab": frame}
    try:
        model.fit(data)
    except (TypeError, ValueError, AttributeError):
        model.fit(frame)  # as before version 2
    made = model.sample(num_rows=len(frame))
    return made["lab"] if isinstance(made, dict) else made


def tabular_argn(frame: pd.DataFrame, categories: list[str], seed: int) -> pd.DataFrame:
    """MOSTLY AI's autoregressive network."""
    from mostlyai import engine

    engine.set_random_state(seed)
    types = {c: "TABULAR_CATEGORICAL" if c in categories else "TABULAR_NUMERIC_AUTO" for c in frame}
    with tempfile.TemporaryDirectory() as folder:
        engine.split(tgt_data=frame, workspace_dir=folder, tgt_encoding_types=types)
        engine.analyze(workspace_dir=folder)
        engine.encode(workspace_dir=folder)
        engine.train(workspace_dir=folder)
        engine.generate(workspace_dir=folder, sample_size=len(frame))
        return pd.read_parquet(Path(folder) / "SyntheticData")


def main() -> None:
    """Arguments: name, train.csv, made.csv, categories as JSON, seed."""
    name, source, target, listed, seed_text = sys.argv[1:6]
    categories, seed = json.loads(listed), int(seed_text)
    np.random.seed(seed)  # noqa: NPY002  some draw from the global generator
    frame = pd.read_csv(source, dtype=dict.fromkeys(categories, str))
    kinds = {
        "sdv-copula": "GaussianCopulaSynthesizer",
        "sdv-tvae": "TVAESynthesizer",
        "sdv-ctgan": "CTGANSynthesizer",
    }
    began = time.process_time()
    if name in kinds:
        made = sdv(kinds[name], frame, categories)
    else:
        makers = {"arf": arf, "forest-diffusion": forest_diffusion, "tabular-argn": tabular_argn}
        made = makers[name](frame, categories, seed)
    Path(f"{target}.seconds").write_text(str(time.process_time() - began))
    made[list(frame)].to_csv(target, index=False)


if __name__ == "__main__":
    main()
