"""Training: it learns, the same seed gives the same net, an interrupted run ends as it would have, files are safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("safetensors", reason="weights are kept as safetensors")

from hepack._errors import BadRequestError, CorruptFileError  # noqa: E402
from hepack.models.architecture import Architecture  # noqa: E402
from hepack.models.autoencoder import Autoencoder  # noqa: E402
from hepack.training.card import card_text  # noqa: E402
from hepack.training.epochs import Rows, Settings, pick_device, train  # noqa: E402
from hepack.training.schedule import one_cycle  # noqa: E402
from hepack.training.trained import Trained, fit, load, save  # noqa: E402

NET = Architecture(inputs=3, latent=2, encoder=(16,), decoder=(16,), skip=True)


def plane(count: int = 600, bend: float = 0.5) -> np.ndarray:
    """Rows of three numbers of which the third follows from the others; a plane for no ``bend``."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(count, 2))
    return np.concatenate([x, x[:, :1] - 2 * x[:, 1:] + bend * x[:, :1] ** 2], 1)


def made(**options: object) -> Trained:
    rows = plane()
    settings = Settings(**{"epochs": 12, "batch": 50, "rate": 1e-2, **options})  # type: ignore[arg-type]
    return fit(rows[:500], rows[500:], NET, settings, way="standard")[0]


@pytest.mark.parametrize("loss", ["mse", "l1", "response"])
def test_it_learns_a_bent_plane(loss: str) -> None:
    trained = made(loss=loss, epochs=40)
    assert np.abs(trained.reconstruct(plane()) - plane()).mean() < 0.06  # 0.12 after one epoch


def test_a_plane_is_exact_before_the_first_epoch() -> None:
    rows = plane(bend=0.0)
    settings = Settings(epochs=1, batch=50, rate=1e-2)
    trained, history = fit(rows[:500], rows[500:], NET, settings, way="standard", emphasis=(1.0, 5.0, 2.0))
    assert history.best == -1
    assert np.abs(trained.reconstruct(rows) - rows).max() < 1e-5


def test_the_same_seed_gives_the_same_net() -> None:
    first, second, other = made(), made(), made(seed=2)
    rows = plane()
    assert np.array_equal(first.latent(rows), second.latent(rows))
    assert not np.array_equal(first.latent(rows), other.latent(rows))


class StopError(Exception):
    pass


def test_a_training_that_was_cut_off_ends_as_it_would_have(tmp_path: Path) -> None:
    values = plane().astype(np.float32)
    rows, held = Rows(values[:500]), Rows(values[500:])
    settings = Settings(epochs=6, batch=50, rate=None, seed=3)

    def run(path: Path | None, stop_after: int | None = None) -> Autoencoder:
        torch.manual_seed(3)
        model = Autoencoder(NET)

        def progress(done: int, _total: int, _loss: float) -> None:
            if done == stop_after:
                raise StopError

        train(model, rows, held, settings, checkpoint=path, progress=progress)
        return model

    whole = run(None)
    path = tmp_path / "state.safetensors"
    with pytest.raises(StopError):
        run(path, stop_after=3)
    resumed = run(path)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(BadRequestError, match="another training"):
        train(Autoencoder(Architecture(inputs=3, latent=1)), rows, held, settings, checkpoint=path)


def test_early_stopping_and_time() -> None:
    values = plane().astype(np.float32)
    torch.manual_seed(1)
    settings = Settings(epochs=300, batch=50, rate=0.1, patience=3)
    history = train(Autoencoder(NET), Rows(values[:500]), Rows(values[500:]), settings)
    assert len(history.validation) == history.best + 1 + 3 < 300
    assert min(history.validation) == history.validation[history.best]
    hurried = train(
        Autoencoder(NET), Rows(values[:500]), Rows(values[500:]), replace(settings, patience=0, seconds=0.0)
    )
    assert len(hurried.validation) == 1


def test_a_model_is_saved_and_loaded(tmp_path: Path) -> None:
    trained = made()
    path = tmp_path / "net.safetensors"
    save(trained, path)
    again = load(path)
    assert np.array_equal(again.reconstruct(plane()), trained.reconstruct(plane()))
    assert again.card == trained.card
    assert "3-16-2-16-3" in card_text(again.card, {"pt": {"mean": 0.1, "rms": 0.2}})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptFileError, match=r"net\.safetensors"):
        load(path)
    path.write_bytes(b"")
    with pytest.raises(CorruptFileError):
        load(path)


def test_bad_requests() -> None:
    with pytest.raises(BadRequestError, match="no loss"):
        Settings(loss="huber")
    with pytest.raises(BadRequestError, match="at least two rows"):
        train(
            Autoencoder(NET),
            Rows(np.zeros((1, 3), np.float32)),
            Rows(np.zeros((1, 3), np.float32)),
            Settings(),
        )
    with pytest.raises(BadRequestError, match="inputs"):
        fit(np.zeros((9, 2)), np.zeros((9, 2)), NET, Settings())
    assert pick_device("cpu") == "cpu"


def test_one_cycle_rises_and_falls() -> None:
    rates = [one_cycle(step, 100, 1.0) for step in range(100)]
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) == 25
    assert rates[-1] < 1e-2 < rates[0]
