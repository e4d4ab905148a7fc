"""Run a module as a program that ends with the process that started it: `python _guarded.py PARENT MODULE …`.

It is run by the Python the module needs, in a process group of its own, and imports only the standard library.
"""

import os
import runpy
import signal
import sys
import threading
from time import sleep

SECONDS = 0.5


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        sleep(SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the module; the whole group ends as soon as the parent is gone."""
    sys.path.pop(0)  # this folder, whose names are not meant for the module
    parent, module = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
