"""How often a process that answers people looks for garbage: what it holds once it has started is none."""

import gc

NEW, YOUNG, OLD = 10_000, 20, 20


def settle() -> None:
    """Nothing; what is there now is left out of collections for good, and later objects are looked through less often.

    For the moment in which a process is ready. Python's own rate finds some hundred milliseconds of work in the midst
    of a page now and then, since every module, model and template is looked through again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, YOUNG, OLD)
