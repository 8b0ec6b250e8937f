"""What is wrong with a run: records against the script, findings against an undisturbed run."""

from __future__ import annotations

from collections import Counter

from .records import Script
from .trial import Outcome


def verdict(script: Script, expected: Outcome, found: Outcome) -> list[str]:
    """Every loss, double and difference in a sentence; empty if there is none."""
    told = [f"in the calm run: {problem}" for problem in _of_one(script, expected)]
    told += [f"in the rough run: {problem}" for problem in _of_one(script, found)]
    return told + found.ledger.differences(expected.ledger)


def _of_one(script: Script, run: Outcome) -> list[str]:
    ledger = run.ledger
    told = [f"twice: {double}" for double in ledger.doubles]
    states = [state for state in ledger.states.values() if state is not None]
    repeated: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for state in states:
        repeated.update(state["repeated"])
        rejected.update(state["rejected"])
        if state["missing_offsets"]:
            told.append(f"{state['missing_offsets']} offsets of {state['partition']} missed")
    accepted = Counter({name: state["records"] for name, state in ledger.streams.items()})
    for what, is_, due in (
        ("accepted", accepted, script.accepted),
        ("repeated", repeated, script.repeated),
        ("rejected", rejected, script.rejected),
    ):
        if +is_ != +due:
            told.append(f"{what}: {dict(is_)} where {dict(due)} are due")
    if ledger.letters.total() != script.rejected.total():
        told.append(f"{ledger.letters.total()} dead letters, {script.rejected.total()} due")
    answered, asked = ledger.found["outcome"].keys(), ledger.found["request"].keys()
    if answered != asked:
        told.append(f"{len(answered ^ asked)} requests and outcomes that do not belong together")
    due = {
        f"{m['batch_id']}-{i}"
        for m in ledger.found["batch manifest"].values()
        for i in range(m["rows"])
    }
    if ledger.found["synthetic row"].keys() != due:
        told.append("rows and manifests that do not belong together")
    told += [f"a worker ended with status {status}" for status in run.statuses if status]
    told += [f"{what}" for what in run.done if what.startswith("exit") and "exit 0" not in what]
    told += [f"process {orphan.pid} outlived its worker" for orphan in run.orphans]
    return told
