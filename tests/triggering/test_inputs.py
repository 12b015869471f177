"""Readers and units: what is right is read, what is wrong is said."""

from __future__ import annotations

import numpy as np
import pytest
from streams import toy_stream

from hepack._errors import BadInputError, BadRequestError
from hepack.firmware.layout import CMS_UNITS
from hepack.triggering.inputs import check_stream, digitise, read_mean_pile_up, read_stream


def write(path, **datasets):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return str(path)


def test_the_challenge_layout_is_read(tmp_path):
    stream = toy_stream(20)
    classes = np.where(stream[..., :1] > 0, np.array([1, *[2] * 4, *[3] * 4, *[4] * 10])[:, None], 0)
    four = np.concatenate([stream, classes.astype(np.float32)], axis=2)
    names = np.array([b"Pt", b"Eta", b"Phi", b"Class"])
    path = write(tmp_path / "adc.h5", Particles=four, Particles_Names=names)
    assert np.array_equal(read_stream(path), stream)


def test_flat_and_short_streams_are_read(tmp_path):
    stream = toy_stream(5)
    assert read_stream(write(tmp_path / "a.h5", Particles=stream.reshape(5, 57))).shape == (5, 19, 3)
    assert read_stream(write(tmp_path / "b.h5", Particles=stream[:, :14].reshape(5, 42))).shape == (5, 14, 3)


def test_the_projects_own_samples_are_read():
    from pathlib import Path

    sample = Path(__file__).parents[2] / "samples" / "a_4l_trigger.h5"
    assert read_stream(str(sample)).shape == (200, 19, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: np.where(np.arange(19)[:, None] == 3, np.nan, x), "NaN or infinity, first event 0"),
        (lambda x: x[:, :18], "expected 57"),
        (lambda x: np.pad(x, ((0, 0), (0, 0), (0, 2))), "expected 57"),
        (lambda x: x * np.array([1000, 1, 1]), "MeV"),
        (lambda x: x * np.array([1, 1, 57.3]), "radians"),
        (lambda x: x[..., ::-1] - 0.5, "negative"),
        (lambda x: x[:0], "empty"),
        (lambda x: x.astype(str), "not numbers"),
    ],
)
def test_wrong_streams_say_what_is_wrong(change, message):
    with pytest.raises(BadInputError, match=message):
        check_stream(change(toy_stream(30)), "file")


def test_files_without_events_or_column_say_so(tmp_path):
    with pytest.raises(BadInputError, match="hepack trigger simulate"):
        read_stream(write(tmp_path / "a.h5", Other=np.zeros(3)))
    with pytest.raises(BadInputError, match=r"no events|empty"):
        read_stream(write(tmp_path / "b.h5", Particles=np.zeros((0, 19, 3), np.float32)))


def test_the_mean_pile_up_is_read_if_it_is_there(tmp_path):
    stream = toy_stream(3)
    mean = np.array([0.0, 20.0, 40.0], np.float32)
    path = write(tmp_path / "a.h5", Particles=stream, mean_pile_up=mean)
    assert read_mean_pile_up(path).tolist() == [0.0, 20.0, 40.0]
    assert np.array_equal(read_stream(path), stream)
    assert read_mean_pile_up(write(tmp_path / "b.h5", Particles=stream)) is None
    for wrong in (np.array([0.0, np.nan, 1.0]), np.array([-1.0, 0, 0]), np.zeros((3, 2))):
        path = write(tmp_path / "c.h5", Particles=stream, mean_pile_up=wrong)
        with pytest.raises(BadInputError, match="one number from 0 to 1000"):
            read_mean_pile_up(path)


def test_digitising_rounds_saturates_and_wraps():
    stream = np.zeros((1, 19, 3), np.float32)
    stream[0, 0] = 1000.0, 0.0, 2 * np.pi - 0.01
    stream[0, 1] = 25.2, -1.0, 3.14
    counts = digitise(stream, 57)
    assert counts[0, :6].tolist() == [511, 0, 0, 50, -23, 72]
    assert counts.dtype == np.int32
    bounds = np.array(CMS_UNITS.bounds * 19)
    assert (counts >= bounds[:, 0]).all()
    assert (counts <= bounds[:, 1]).all()
    assert digitise(stream, 42).shape == (1, 42)
    with pytest.raises(BadRequestError, match="does not fit"):
        digitise(stream[:, :14], 57)
