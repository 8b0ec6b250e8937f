"""What is wrong with a run: records against the script, findings against an undisturbed run."""

from __future__ import annotations

from collections import Counter

from .ledger import Ledger
from .records import Script
from .trial import Outcome


def verdict(script: Script, expected: Outcome, found: Outcome) -> list[str]:
    """Every loss, double and difference in a sentence; empty if there is none."""
    told = []
    for name, run in (("calm", expected), ("rough", found)):
        problems = problems_of(script, run.ledger)
        problems += [f"a worker ended with status {status}" for status in run.statuses if status]
        problems += [f"process {orphan.pid} outlived its worker" for orphan in run.orphans]
        problems += [what for what in run.done if "exit" in what and "exit 0" not in what]
        told += [f"in the {name} run: {problem}" for problem in problems]
    return told + found.ledger.differences(expected.ledger)


def problems_of(script: Script, ledger: Ledger) -> list[str]:
    """Losses and doubles in what one run of a script has written."""
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
    return told
