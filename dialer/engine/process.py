"""What a process that runs an engine asks of Python itself."""

import gc
import sys

SWITCH_S = 0.0005  # the longest that the loop and the writer's thread keep each other waiting in Python


def settle() -> None:
    """Modules and tables that are there stay: a full collection that looked at them would hold calls up for 0.1 s."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
