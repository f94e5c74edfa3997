"""How far a run is: a bar in a notebook or on a terminal, or whatever is called."""

from __future__ import annotations

import sys
import typing


#: Whether to draw a bar, None: where somebody would see it; or a function of (done, total).
AnyProgress = typing.Union[bool, None, typing.Callable[[int, int], object]]


def reporter(progress, what):
    """A function of (done, total) for True, False, None or a function of the caller's; and one that ends it.

    None draws a bar where somebody would see it: in a notebook, or on a terminal."""
    if callable(progress):
        return progress, lambda: None
    if progress is None:
        progress = "ipykernel" in sys.modules or sys.stderr.isatty()
    if not progress:
        return None, lambda: None
    bar = None

    def show(done, total):
        nonlocal bar
        if bar is None:
            from tqdm.auto import tqdm
            bar = tqdm(total=total, desc=what, leave=False)
        bar.update(done - bar.n)

    return show, lambda: bar is not None and bar.close()
