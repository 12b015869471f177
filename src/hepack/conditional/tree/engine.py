"""Which inner loops run: the compiled ones, or their slow twins."""

from __future__ import annotations

from functools import partial

from hepack._loops import loops_of

coding_loops = partial(loops_of, "hepack.conditional.tree")
fitting_loops = partial(loops_of, "hepack.conditional.tree", "fit_")
