"""Detectors in files: they score as those that were saved, without what fitted them, and lies are refused."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_options import OPTIONS
from scored_tables import ragged

from hepack._errors import BadInputError, BadRequestError, CorruptFileError
from hepack.archive.models import ModelFile
from hepack.container import ArchiveReader, ArchiveWriter, SectionKind, pack_json, unpack_json
from hepack.scoring.detector import METHODS, Detector, DetectorRecipe
from hepack.scoring.flat import Summary
from hepack.scoring.networks import NetRecipe
from hepack.scoring.pieces import Pieces
from hepack.scoring.quantities import quantities_named
from hepack.scoring.rownet import RowNet
from hepack.scoring.stored import load_detector, save_detector
from hepack.scoring.trees import Trees, usual_depth

NETS = NetRecipe(hidden=(8,), epochs=2, batch=64)


@pytest.fixture(scope="module")
def detector() -> Detector:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    pytest.importorskip("torch", reason="torch is not installed")
    recipe = DetectorRecipe(methods=METHODS, options=OPTIONS, nets=NETS, leading=2, threads=1)
    return Detector.fit(ragged(800, 1), recipe)


@pytest.fixture(scope="module")
def path(detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("stored") / "m.hpm"
    save_detector(detector, found)
    return found


@pytest.fixture(scope="module")
def rows_path(detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without code lengths."""
    found = tmp_path_factory.mktemp("stored") / "rows.hpm"
    save_detector(detector.limited(("forest", "mahalanobis", "reconstruction", "kl")), found)
    return found


def test_every_method_survives_its_file(detector: Detector, path: Path) -> None:
    again, table = load_detector(path), ragged(60, 6)
    assert again.recipe.methods == METHODS
    found = again.score(table)
    for method, scores in detector.score(table).items():
        np.testing.assert_array_equal(found[method], scores)
        fresh = detector.calibration(method).p_values(scores)
        np.testing.assert_array_equal(again.calibration(method).p_values(scores), fresh)
        one, two = (each.contributions(table, method) for each in (detector, again))
        assert one.names == two.names
        np.testing.assert_array_equal(one.values, two.values)
    with pytest.raises(BadRequestError, match="saved without the 'ht'"):
        again.decorrelation("bits", ["ht"])


def test_a_saved_detector_decorrelates_from_what_was_asked(tmp_path: Path) -> None:
    recipe = DetectorRecipe(methods=("mahalanobis",), leading=2)
    fitted, table = Detector.fit(ragged(5000, 3), recipe), ragged(300, 4)
    save_detector(fitted, tmp_path / "m.hpm", quantities=["n Jet"])
    again = load_detector(tmp_path / "m.hpm")
    scores, given = fitted.score(table)["mahalanobis"], quantities_named(table, ["n Jet"])
    one, two = (
        each.decorrelation("mahalanobis", ["n Jet"]).p_values(scores, given) for each in (fitted, again)
    )
    np.testing.assert_array_equal(one, two)
    save_detector(again, tmp_path / "again.hpm", quantities=["n Jet"])
    assert load_detector(tmp_path / "again.hpm").kept["n Jet"].tolist() == again.kept["n Jet"].tolist()
    with pytest.raises(BadRequestError, match="no quantity 'mass'"):
        save_detector(fitted, tmp_path / "other.hpm", quantities=["mass"])


def test_some_of_the_methods_are_saved(detector: Detector, rows_path: Path, tmp_path: Path) -> None:
    again, table = load_detector(rows_path), ragged(40, 7)
    assert again.coder is None
    for method, scores in detector.limited(("forest", "kl")).score(table).items():
        np.testing.assert_array_equal(again.score(table)[method], scores)
    assert DetectorRecipe(methods=("bits", "kl", "bits")).methods == ("bits", "kl")
    save_detector(detector.limited(("bits",)), tmp_path / "bits.hpm")
    assert load_detector(tmp_path / "bits.hpm").summary is None
    with ModelFile(rows_path) as file:  # for packing, a model that learned nothing
        found = file.find("t")
    assert found is not None
    assert found[1].items == ()


def test_a_saved_detector_needs_no_other_package(rows_path: Path) -> None:
    code = (
        "import sys, numpy as np; sys.path.append(sys.argv[2])\n"
        "sys.modules.update(torch=None, sklearn=None, scipy=None)\n"
        "from scored_tables import ragged\n"
        "from hepack.scoring.stored import load_detector\n"
        "found = load_detector(sys.argv[1]).score(ragged(5, 3))\n"
        "print(all(np.isfinite(scores).all() for scores in found.values()))"
    )
    words = [sys.executable, "-c", code, str(rows_path), str(Path(__file__).parent)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.parametrize("rows", [40, 300, 3000])
def test_trees_score_as_scikit_learn_does(rows: int) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble", reason="scikit-learn is not installed")
    rng = np.random.default_rng(rows)
    table = rng.normal(size=(rows, 5)) * (1, 1e-3, 1e6, 0, 1)
    table[:, 4] = np.rint(table[:, 4])  # many rows on a threshold
    forest = ensemble.IsolationForest(n_estimators=20, random_state=1).fit(table)
    fresh = np.concatenate([table[:50], 3 * rng.normal(size=(200, 5)), [[1e30] * 5, [-1e30] * 5]])
    trees = Trees.grown(forest)
    np.testing.assert_allclose(trees.scores(fresh), -forest.score_samples(fresh), rtol=0, atol=1e-12)
    assert trees.scores(fresh[:0]).shape == (0,)
    value, pieces = trees.to_parts()
    again = Trees.from_parts(value, Pieces(b"".join(pieces), [len(p) for p in pieces]), 5)
    np.testing.assert_array_equal(again.scores(fresh), trees.scores(fresh))


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky-relu", "elu", "gelu"])
@pytest.mark.parametrize("kind", ["plain", "variational"])
def test_nets_give_what_torch_gives(activation: str, kind: Any) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from hepack.models.architecture import Architecture
    from hepack.models.autoencoder import Autoencoder
    from hepack.models.normalise import Normaliser
    from hepack.training.trained import Trained

    torch.manual_seed(1)
    shape = Architecture(inputs=6, latent=2, encoder=(9, 7), decoder=(5,), activation=activation, kind=kind)
    rows = np.random.default_rng(2).normal(size=(3000, 6)) * 10.0
    trained = Trained(Autoencoder(shape).eval(), Normaliser.fit(rows, "standard"), ())
    net, normalised = RowNet.of(trained), trained.normaliser.forward(rows)
    latent = trained.latent_of(normalised)
    np.testing.assert_allclose(net.means(rows), latent, atol=1e-5)
    np.testing.assert_allclose(net.residuals(rows), trained.normalised_from(latent) - normalised, atol=1e-5)
    if kind == "variational":
        np.testing.assert_allclose(net.divergence(rows), trained.penalty_of(normalised), atol=1e-5)


def tree(feature: list[int], sizes: list[int], *, samples: list[int] | None = None, sample: int = 9) -> Trees:
    count = len(feature)
    given = [0 if f >= 0 else 1 for f in feature] if samples is None else samples
    return Trees(
        np.array(sizes), np.array(feature), np.zeros(count, np.float32), np.array(given, np.int64), sample
    )


def test_trees_that_are_none_are_refused() -> None:
    assert usual_depth(np.array([1, 2, 256])) == pytest.approx([0.0, 1.0, 10.244770920], abs=1e-8)
    good = tree([0, -1, 1, -1, -1, -1], [5, 1])
    assert good.scores(np.array([[0.0, 1.0]])).shape == (1,)
    wrong: dict[str, tuple[list[int], list[int]]] = {
        "other numbers of nodes": ([0, -1, -1], [2]),
        "no other leads to": ([0, -1, -1, -1], [4]),
        "comes before": ([-1, 0, 0, -1, -1], [5]),
        "depth": ([0, *([-1, 0] * 70), -1, -1], [143]),
    }
    for message, (feature, sizes) in wrong.items():
        with pytest.raises(CorruptFileError, match=message):
            tree(feature, sizes)
    with pytest.raises(CorruptFileError, match="empty leaf"):
        tree([-1], [1], samples=[0])
    with pytest.raises(CorruptFileError):
        tree([-1], [1], sample=1)
    with pytest.raises(CorruptFileError):
        tree([], [])


def forged(path: Path, change: Callable[[Any], Any], body: Callable[[bytes], bytes] = lambda b: b) -> Path:
    """The file with the header of its detector changed in place, and every checksum made anew."""
    out = path.with_name("forged.hpm")
    with path.open("rb") as handle, out.open("wb") as target:
        reader = ArchiveReader(handle, str(path))
        writer = ArchiveWriter(target, 2)
        for ref in reader.index()[1]:
            head, header = reader.header(ref)
            data = reader.body(ref, head, 0, head.body_length)
            if ref.kind == SectionKind.SCORES:
                value = unpack_json(header, "the header")
                data = body(data)
                value["c"] = zlib.crc32(data)
                change(value)
                header = pack_json(value)
            writer.add(SectionKind(ref.kind), header, [data], ref.label)
        writer.finish({"files": 1})
    return out


def nothing(value: Any) -> None:
    """No change."""


HEADERS: dict[str, Callable[[Any], Any]] = {
    "unknown score": lambda v: v["methods"].__setitem__(0, "best"),
    "quantities": lambda v: v["quantities"].append("ht"),
    "many quantities": lambda v: v.update(quantities=["q"] * 100),
    "no score": lambda v: v["methods"].clear(),
    "a score that is not there": lambda v: v["methods"].append("latent"),
    "crc": lambda v: v.update(c=1),
    "no rows": lambda v: v.update(rows=None),
    "code lengths of no model": lambda v: v.update(bits={"marginals": [], "moments": {}}),
    "lengths": lambda v: v["lengths"].append(4),
    "negative length": lambda v: v["lengths"].extend([-3, 3]),
    "an array too few": lambda v: v["lengths"].__setitem__(slice(-2, None), [sum(v["lengths"][-2:])]),
    "an array too many": lambda v: v["lengths"].append(0),
    "trees": lambda v: v["rows"]["baselines"]["forest"].update(trees=1 << 40),
    "nodes": lambda v: v["rows"]["baselines"]["forest"].update(nodes=1 << 40),
    "other nodes": lambda v: v["rows"]["baselines"]["forest"].update(nodes=7),
    "sample": lambda v: v["rows"]["baselines"]["forest"].update(sample=1),
    "no forest": lambda v: v["rows"]["baselines"].pop("forest"),
    "no net": lambda v: v["rows"]["nets"].pop("plain"),
    "another kind of net": lambda v: v["rows"]["nets"]["plain"].update(variational=True),
    "wide net": lambda v: v["rows"]["nets"]["plain"]["encoder"].__setitem__(1, 1 << 30),
    "no layers": lambda v: v["rows"]["nets"]["plain"].update(encoder=[]),
    "activation": lambda v: v["rows"]["nets"]["plain"].update(activation="exec"),
    "normaliser": lambda v: v["rows"]["nets"]["plain"]["normaliser"]["scales"].pop(),
    "leading": lambda v: v["rows"].update(leading=1 << 40),
    "many leading": lambda v: v["rows"].update(leading=4000),
    "plan": lambda v: v["rows"]["plan"]["tables"].clear(),
    "columns": lambda v: v["rows"]["plan"]["tables"][0]["variables"].pop(),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_lies_in_the_header_are_refused(rows_path: Path, name: str) -> None:
    with pytest.raises(CorruptFileError, match="the detector in"):
        load_detector(forged(rows_path, HEADERS[name]))


def test_arrays_of_any_bytes_are_refused_or_harmless(rows_path: Path) -> None:
    load_detector(forged(rows_path, nothing))
    rng, table = np.random.default_rng(4), ragged(5, 8)
    refused = 0
    for _ in range(60):

        def damage(data: bytes) -> bytes:
            changed = bytearray(data)
            for place in rng.integers(0, len(data), 12):
                changed[place] = int(rng.choice([0, 1, 0x7F, 0xFF]))
            return bytes(changed)

        try:
            found = load_detector(forged(rows_path, nothing, damage))
        except CorruptFileError:
            refused += 1
            continue
        found.score(table)
    assert refused > 0


def test_a_file_cut_short_is_refused(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    for cut in range(0, len(data), max(1, len(data) // 40)):
        (tmp_path / "cut.hpm").write_bytes(data[:cut])
        with pytest.raises((CorruptFileError, BadInputError)):
            load_detector(tmp_path / "cut.hpm")


def test_a_summary_of_too_many_columns_is_refused() -> None:
    with pytest.raises(BadRequestError, match="at most 4096"):
        Summary.bare(ragged(2, 1).schema, 3000)
