from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from copying import copy_file

from hepack._errors import BadInputError
from hepack.io import ReadOptions, detect, get_format
from hepack.table import EventTable

LINES = [
    "354;4top;2.44336e-05;832841;-1.22431;b,947383,824498,-0.523103,1.64421;j,1.0693e+06,243675,0.32,2.25;",
    "355;4top;-1;0.5;3;",
    "9223372036854775807;ttbar;nan;inf;-0;e-,1,2,3,4;",
]


def read(path: Path, max_bytes: int = 1 << 20) -> EventTable:
    with get_format("phenoml").open(str(path), ReadOptions()) as source:
        return EventTable.concatenate(list(source.blocks(0, max_bytes=max_bytes)))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES) + "\n",
        "\n".join(LINES),
        "\r\n".join(LINES) + "\r\n",
        "\n".join(line.rstrip(";") for line in LINES) + "\n",
        "\n".join(line.replace(";", "; ").replace(",", ", ").rstrip() for line in LINES) + "\n",
        "event ID;process ID;event weight;MET;METphi;obj1,E1,pt1,eta1,phi1\n" + "\n".join(LINES) + "\n",
    ],
    ids=["plain", "no final line end", "crlf", "no trailing ;", "spaces", "header"],
)
def test_text_comes_back(text: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(text.encode())
    assert detect(str(source)).id == "phenoml"
    contents = copy_file(source, target, "phenoml", max_bytes=100)
    assert contents.n_events == (3,)
    assert target.read_bytes() == text.encode()


def test_values(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(LINES))
    table = read(path)
    assert table.columns["event_id"].tolist() == [354, 355, 2**63 - 1]
    assert table.counts("Object").tolist() == [2, 0, 1]
    assert table.columns["E"].tolist() == [947383, 1069300, 1]
    assert bytes(table.columns["object"]) == b"bje-"
    assert np.signbit(table.columns["METphi"][2])
    phi = table.schema.by_name["phi"]
    assert (phi.kind, phi.unit, table.schema.by_name["pt"].unit) == ("angle", "rad", "MeV")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1;p;1;2", "line 3: 4 fields"),
        ("x;p;1;2;3", "line 3: the event ID is 'x'"),
        ("1_0;p;1;2;3", "line 3: the event ID"),
        ("1;p;1;two;3", "line 3: MET is 'two'"),
        ("1;p;1;2;3;j,1,2,3", "line 3: object 'j,1,2,3' has 4 parts"),
        ("1;p;1;2;3;j,1,2,3,x", "line 3: phi is 'x'"),
    ],
)
def test_errors_name_the_line(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([LINES[0], LINES[1], line, LINES[2]]))
    with pytest.raises(BadInputError, match=message):
        read(path)


def test_dark_machines(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "dark_machines" / "monojet_Zp2000.0_DM_50.0_chan3.csv"
    assert detect(str(source)).id == "phenoml"
    copy_file(source, tmp_path / "b.csv", "phenoml", max_bytes=200_000)
    assert (tmp_path / "b.csv").read_bytes() == source.read_bytes()
