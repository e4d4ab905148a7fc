"""A process is at a run once at a time, and forgets no hint that comes meanwhile."""

import threading

_here: set[int] = set()
_hinted_again: set[int] = set()
_lock = threading.Lock()


def enter(run_id: int) -> bool:
    """True when this process was not at the run; it is now. Otherwise the hint is remembered."""
    with _lock:
        if run_id in _here:
            _hinted_again.add(run_id)
            return False
        _here.add(run_id)
        return True


def stays(run_id: int) -> bool:
    """True when somebody hinted again meanwhile; otherwise this process has left the run, so that no hint is missed."""
    with _lock:
        if run_id not in _hinted_again:
            _here.discard(run_id)
            return False
        _hinted_again.discard(run_id)
        return True


def leave(run_id: int) -> None:
    """Nothing; this process is at the run no more, however it ended."""
    with _lock:
        _here.discard(run_id)
        _hinted_again.discard(run_id)
