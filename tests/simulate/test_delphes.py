"""Files of the full Delphes simulation are read, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from hepack.io import open_source


@pytest.mark.slow
def test_delphes_file_opens(shared_data: Path) -> None:
    with open_source(str(shared_data / "coffea" / "delphes.root")) as source:
        (schema,) = source.contents.schemas
    names = [variable.name for variable in schema.variables]
    assert source.contents.n_events == (25,)
    assert any(name.replace("\\", "") == "Jet.PT" for name in names)
