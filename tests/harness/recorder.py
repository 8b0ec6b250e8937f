"""A program of a lab, to be killed: records numbers, and says when each call has returned.

``python -m tests.harness.recorder URL FIRST COUNT PAUSE_SECONDS``
"""

from __future__ import annotations

import os
import sys
import time

from halflife import Lab


def main() -> None:
    """Records; a line of standard output is written at once for each, with the monotonic time."""
    url, first, count, pause = sys.argv[1], *map(float, sys.argv[2:5])
    lab = Lab(url, instrument="robot", longest_wait=0.1, request_seconds=2.0)
    for n in range(int(first), int(first + count)):
        lab.record("opv", n=n)
        os.write(1, b"%d %.6f\n" % (n, time.monotonic()))
        time.sleep(pause)
    lab.close()


if __name__ == "__main__":
    main()
