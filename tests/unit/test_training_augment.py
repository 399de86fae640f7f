"""Augmentation: boxes stay on what they frame, in the picture, and the same draw comes again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trunkline_training.datasets import Picture
from trunkline_training.voc import iou

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch

RED, BLUE = (255, 0, 0), (0, 0, 255)
SIZE = (200, 160)
TRUTH = [[3, 0.1, 0.25, 0.45, 0.75, False], [7, 0.6, 0.1, 0.9, 0.5, False]]


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """A red and a blue rectangle on grey."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for (_, x1, y1, x2, y2, _), colour in zip(TRUTH, (RED, BLUE), strict=True):
        rows = slice(round(y1 * SIZE[1]), round(y2 * SIZE[1]))
        pixels[rows, round(x1 * SIZE[0]) : round(x2 * SIZE[0])] = colour
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return Picture("a.png", tmp_path / "a.png", TRUTH)


def coloured(pixels: np.ndarray) -> tuple[float, float, float, float]:
    """The rectangle, in fractions, that is not grey."""
    rows, columns = np.nonzero(np.ptp(pixels.astype(int), axis=2) > 60)
    if not len(rows):
        return (0.0, 0.0, 0.0, 0.0)
    side = len(pixels)
    low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
    return (low[0] / side, low[1] / side, high[0] / side, high[1] / side)


@pytest.mark.parametrize("shown", [0, 1])
def test_boxes_stay_on_their_objects(picture: Picture, shown: int) -> None:
    from trunkline_training.train.samples import BoxSamples

    pixels = np.array(Image.open(picture.path))
    pixels[(pixels == (BLUE, RED)[shown]).all(axis=2)] = 128  # the other one
    Image.fromarray(pixels).save(picture.path)
    alone = Picture("a.png", picture.path, [TRUTH[shown]])
    samples = BoxSamples([alone], 5, (128.0, 128.0, 128.0), True)
    for view in range(40):
        pixels, (boxes, labels) = samples.sample(view, 0)
        assert pixels.shape == (224, 224, 3)
        assert boxes.min() >= 0
        assert boxes.max() <= 1
        assert labels.tolist() == [TRUTH[shown][0] + 1]
        assert iou(tuple(boxes[0].tolist()), coloured(pixels)) > 0.75


def test_mirroring_cropping_and_expanding_happen(picture: Picture) -> None:
    from trunkline_training.train.samples import BoxSamples

    samples = BoxSamples([picture], 5, (128.0, 128.0, 128.0), True)
    views = [samples.sample(view, 0)[1] for view in range(60)]
    both = [boxes for boxes, labels in views if labels.tolist() == [4, 8]]
    mirrored = [boxes[0, 0] > boxes[1, 0] for boxes in both]
    assert 0.2 < np.mean(mirrored) < 0.8
    assert len(both) < len(views)  # some crops lose one
    widths = [float(boxes[0, 2] - boxes[0, 0]) for boxes in both]
    assert min(widths) < 0.25 < 0.4 < max(widths)


def test_the_same_view_comes_again_and_draws_nothing_from_outside(picture: Picture) -> None:
    from trunkline_training.train.samples import BoxSamples

    samples = BoxSamples([picture, picture], 5, (128.0, 128.0, 128.0), True)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again = samples.sample(3, 0), samples.sample(3, 0)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first[0], again[0])
    assert torch.equal(first[1][0], again[1][0])
    others = [samples.sample(3, 1), samples.sample(4, 0)]
    assert all(not np.array_equal(first[0], other[0]) for other in others)


def test_another_process_draws_the_same(picture: Picture) -> None:
    from trunkline_training.train.samples import BoxSamples
    from trunkline_training.train.views import load

    samples = BoxSamples([picture, picture], 5, (128.0, 128.0, 128.0), True)
    keys = [[(0, 0), (0, 1)], [(1, 0)]]
    ours, theirs = (list(load(samples, keys, workers)) for workers in (0, 1))
    assert len(ours) == len(theirs) == 2
    for (pixels, targets), (others, their_targets) in zip(ours, theirs, strict=True):
        assert pixels.shape[1:] == (3, 224, 224)
        np.testing.assert_array_equal(pixels, others)
        for (boxes, _), (other_boxes, _) in zip(targets, their_targets, strict=True):
            assert torch.equal(boxes, other_boxes)


def test_the_plain_view_is_the_picture_as_the_edge_sees_it(picture: Picture) -> None:
    from trunkline_training.train.samples import PLAIN, BoxSamples

    pixels, (boxes, labels) = BoxSamples([picture], 5, (0, 0, 0), True).sample(PLAIN, 0)
    squashed = Image.open(picture.path).resize((224, 224), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels, np.asarray(squashed))
    np.testing.assert_allclose(boxes, [item[1:5] for item in TRUTH], atol=1e-6)
    assert labels.tolist() == [4, 8]


def test_scenes_are_parts_wholes_and_smaller_ones(tmp_path: Path) -> None:
    """Of a red picture: the share that is red says how large it stands in the view."""
    from trunkline_training.train.samples import SceneSamples

    Image.new("RGB", SIZE, RED).save(tmp_path / "red.png")
    middle = Image.new("RGB", SIZE, BLUE)
    middle.paste(RED, (SIZE[0] // 4, SIZE[1] // 4, 3 * SIZE[0] // 4, 3 * SIZE[1] // 4))
    middle.save(tmp_path / "middle.png")
    pictures = [Picture(name, tmp_path / name) for name in ("red.png", "middle.png")]
    samples = SceneSamples(pictures, 5, 0.25, True, fill=(0.0, 0.0, 255.0), joined=0.0)
    red = [[_red(samples.sample(view, index)[0]) for view in range(80)] for index in (0, 1)]
    smaller = np.mean([share < 0.97 for share in red[0]])
    assert 0.1 < smaller < 0.4
    assert 0.2 < min(red[0]) < 0.5  # twice its side at most
    larger, as_it_is = (
        np.mean([share > 0.27 for share in red[1]]),
        np.mean([abs(share - 0.25) < 0.01 for share in red[1]]),
    )
    assert larger > 0.25
    assert 0.1 < as_it_is < 0.5
    plain = SceneSamples(pictures, 5, 0.25, False, fill=(0.0, 0.0, 255.0))
    assert {round(_red(plain.sample(view, 1)[0]), 2) for view in range(5)} == {0.25}
    assert samples.describe()["kind"] == "SceneSamples"


def test_some_scenes_are_of_four_pictures(tmp_path: Path) -> None:
    """Of a red one, and blue ones beside and below it; whichever are drawn, the same come again."""
    from trunkline_training.train.samples import PLAIN, SceneSamples

    names = ["red.png", *(f"blue-{number}.png" for number in range(20))]
    for name in names:
        Image.new("RGB", SIZE, RED if name == "red.png" else BLUE).save(tmp_path / name)
    pictures = [Picture(name, tmp_path / name) for name in names]
    samples, again = (
        SceneSamples(pictures, 5, 0.9, True, fill=(255.0, 0.0, 0.0), joined=0.4) for _ in range(2)
    )
    shares = [_red(samples.sample(view, 0)[0]) for view in range(60)]
    assert 0.2 < np.mean([share < 0.9 for share in shares]) < 0.6
    for view in range(5):
        assert np.array_equal(samples.sample(view, 0)[0], again.sample(view, 0)[0])
    assert _red(samples.sample(PLAIN, 0)[0]) == 1


def _red(pixels: np.ndarray) -> float:
    """The share of a view's places that are rather red than blue, whatever became of colours."""
    return float(np.mean(pixels[..., 0] > pixels[..., 2]))
