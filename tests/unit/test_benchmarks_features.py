"""The feature cache: computed once, told by content, taken up again; and the progress line."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests import samples
from trunkline import images
from trunkline.errors import ImageError, TrunklineError
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_benchmarks import features
from trunkline_benchmarks.features import FeatureCache
from trunkline_training import progress

PICTURES = [
    Path(str(files("trunkline.demo") / "pictures" / f"{name}.jpg"))
    for name in ("chelsea", "coffee", "rocket")
]


class CountingNetwork:
    """An engine that averages its input and remembers the batches it was given."""

    engine, precision = "averages", "f32"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.most = 100

    def run(self, batch: Tensor) -> list[Tensor]:
        """(N, 3, 224, 224) to (N, 32, 28, 28)."""
        if len(self.batches) == self.most:
            raise KeyboardInterrupt
        self.batches.append(len(batch))
        cells = batch.reshape(len(batch), 3, 28, 8, 28, 8).mean(axis=(1, 3, 5))
        return [np.repeat(cells[:, None], 32, axis=1).astype(np.float32)]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> CountingNetwork:
    """Small batches, so that three pictures are two of them."""
    monkeypatch.setattr(features, "CHUNK", 2)
    return CountingNetwork()


def trunk(network: CountingNetwork) -> Trunk:
    return Trunk(samples.SPEC, network)  # type: ignore[arg-type]


def test_computed_once(network: CountingNetwork, tmp_path: Path) -> None:
    cache, ours = FeatureCache(tmp_path), trunk(network)
    first = cache.features(ours, PICTURES)
    assert network.batches == [2, 1]
    assert first.shape == (3, 32, 28, 28)
    assert first.dtype == np.float32
    for row, path in zip(first, PICTURES, strict=True):
        alone = ours.forward(ours.preprocess(images.decode(path.read_bytes()))[None])[0]
        assert np.array_equal(row, alone)
    network.batches.clear()
    assert np.array_equal(cache.features(ours, PICTURES), first)
    assert not network.batches
    assert np.array_equal(np.load(str(first.filename)), first)


def test_told_by_content(network: CountingNetwork, tmp_path: Path) -> None:
    """Another place of the same pictures is the same; another order, or trunk, is not."""
    cache = FeatureCache(tmp_path / "cache")
    first = cache.features(trunk(network), PICTURES)
    moved = [tmp_path / path.name for path in PICTURES]
    for old, new in zip(PICTURES, moved, strict=True):
        new.write_bytes(old.read_bytes())
    assert cache.features(trunk(network), moved).filename == first.filename
    turned = cache.features(trunk(network), PICTURES[::-1])
    assert np.array_equal(turned[::-1], first)
    network.precision = "bf16"
    assert cache.features(trunk(network), PICTURES).filename != first.filename


@pytest.mark.parametrize("torn", [0, 1000])
def test_taken_up_again(network: CountingNetwork, tmp_path: Path, torn: int) -> None:
    """What an ended run had finished is not computed again, and nothing torn is kept."""
    whole = FeatureCache(tmp_path / "other").features(trunk(network), PICTURES)
    network.batches.clear()
    network.most = 1
    cache = FeatureCache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cache.features(trunk(network), PICTURES)
    [part] = tmp_path.glob("*.part")
    with part.open("ab") as file:
        file.write(b"x" * torn)
    network.most = 100
    assert np.array_equal(cache.features(trunk(network), PICTURES), whole)
    assert network.batches == [2, 1]
    assert not list(tmp_path.glob("*.part"))


def test_a_bad_picture_is_named(network: CountingNetwork, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(PICTURES[0].read_bytes()[:5000])
    with pytest.raises(ImageError, match=rf"{bad}: JPEG picture cannot be decoded"):
        FeatureCache(tmp_path).features(trunk(network), [*PICTURES, bad])
    with pytest.raises(TrunklineError, match=r"cannot read .*nothing.jpg: No such file"):
        FeatureCache(tmp_path).features(trunk(network), [tmp_path / "nothing.jpg"])
    with pytest.raises(TrunklineError, match="no pictures"):
        FeatureCache(tmp_path).features(trunk(network), [])


def test_progress_tells_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.progress("abc", 5, "letters", done=2)) == ["a", "b", "c"]
    said = capsys.readouterr().err
    assert said == "letters [########################] 5/5, took 0:00\n"


def test_progress_tells_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that was done before says nothing of how long the rest takes."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for _ in progress.progress("ab", 100, "letters", done=50):
        clock[0] += 60
    said = capsys.readouterr().err.splitlines()
    assert said[1] == "letters [############------------] 52/100, 48:00 left"
