"""What can go wrong in a monitor.

```
ValueError
└── MonitorError
    ├── ReferenceTooShort   fewer records than the statistics need
    ├── StateMismatch       a state of other parameters, or of another table
    ├── TooFewRows          fewer rows than a comparison needs
    ├── NothingMeasurable   no part of the fidelity asked for has a meaning for these rows
    └── NotFitted           update before fit
```
"""

from __future__ import annotations


class MonitorError(ValueError):
    """Any error that a monitor raises by itself."""


class ReferenceTooShort(MonitorError):  # noqa: N818 - named for what is wrong, as the tree above
    """The reference has fewer records than the statistics need.

    Args:
        what: The monitor that needs them.
        have: Records there are.
        need: Records that are needed.
    """

    def __init__(self, what: str, have: int, need: int) -> None:
        super().__init__(f"{what} needs a reference of {need} records or more; this one has {have}")
        self.what, self.have, self.need = what, have, need

    def __reduce__(self) -> tuple[type[ReferenceTooShort], tuple[str, int, int]]:
        # Exceptions pickle their message alone; a fit runs in another process and raises here.
        return ReferenceTooShort, (self.what, self.have, self.need)


class StateMismatch(MonitorError):  # noqa: N818 - as above
    """A state that was taken with other parameters than those of the monitor that gets it."""


class NotFitted(MonitorError):  # noqa: N818 - as above
    """The monitor was asked to update before it was fit on a reference, or given its state."""


class TooFewRows(MonitorError):  # noqa: N818 - as above
    """Fewer rows than a comparison needs; the message says how many are needed."""


class NothingMeasurable(MonitorError):  # noqa: N818 - as above
    """No part of the fidelity that was asked for has a meaning for these rows."""
