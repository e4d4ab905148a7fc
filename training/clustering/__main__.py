"""Lay out the vectors of a folder: `python -m training.clustering FOLDER`, with what `_files.put` left there."""

import sys
from pathlib import Path

from training.clustering import _files


def main(folder: Path) -> int:
    """The exit code: 0 when the result lies in the folder, 2 when the reason stands in the last line of the log."""
    try:
        _files.lay_out(folder, _files.say)
    except (ValueError, LookupError, MemoryError) as problem:
        _files.fail(str(problem) or "There was not enough memory.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
