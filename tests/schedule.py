"""What a parallel run hands to its workers: whole files, those with slow tests first.

Rows and servers that the tests of a file share are made once, and no worker is left alone with a slow file at the end.
The pages in Chromium are one piece, so that one browser is enough. xdist's own groups do nothing under this pytest.
"""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parent.parent
BROWSER, SLOW = "tests/browser", "mark.slow"


class ByFile(LoadScopeScheduling):
    """Hands out the browser's tests, then files with slow tests, then the others, each time the most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return BROWSER if file.startswith(f"{BROWSER}/") else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)


@cache
def rank(piece: str) -> int:
    """0 for the browser's tests, 1 for a file with a slow test, 2 for any other."""
    if piece == BROWSER:
        return 0
    return 1 if SLOW in (ROOT / piece).read_text(encoding="utf-8") else 2
