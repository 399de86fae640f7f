"""What every trunk promises, run over every trunk of the released bundle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.samples import SPEC, photograph
from tests.views import pictures
from trunkline import engines, trunks
from trunkline.errors import ImageError, TensorError, UnknownNameError, WeightsError
from trunkline.trunks import Trunk, TrunkKind
from trunkline.weights import ModelStore, TrunkEntry, probe, sets
from trunkline.weights.sets import TABLE
from trunkline.weights.store import bundle_root

RELEASED = ModelStore((bundle_root(),))
ENTRIES = RELEASED.trunks()
assert ENTRIES, "the released bundle has no trunk"


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: f"{entry.name}/{entry.set}")
def entry(request: pytest.FixtureRequest) -> TrunkEntry:
    chosen: TrunkEntry = request.param
    return chosen


@pytest.fixture(scope="module")
def trunk(entry: TrunkEntry) -> Trunk:
    return trunks.load(entry.name, entry.set, store=RELEASED, threads=1)


@pytest.fixture(params=sorted(trunks.TRUNKS))
def kind(request: pytest.FixtureRequest) -> TrunkKind:
    return trunks.kind(request.param)


def test_a_trunk_and_its_weight_sets_name_each_other(kind: TrunkKind) -> None:
    assert [name for trunk, name in TABLE if trunk == kind.name] == list(kind.sets)
    assert kind.default_set == kind.sets[0]


def test_a_kind_counts_the_convolutions_of_its_sets(kind: TrunkKind) -> None:
    for name in kind.sets:
        assert len(sets.get(kind.name, name).layers) == kind.convolutions


def test_the_graph_has_the_convolutions_that_its_kind_counts(entry: TrunkEntry) -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(str(entry.verified_path())).graph
    found = sum(node.op_type == "Conv" for node in graph.node)
    assert found == trunks.kind(entry.name).convolutions


def test_fewer_elements_than_the_picture(kind: TrunkKind) -> None:
    assert np.prod(kind.shape) < 3 * 224 * 224


def test_what_is_loaded_is_what_the_store_says(entry: TrunkEntry, trunk: Trunk) -> None:
    assert trunk.spec == entry.spec
    assert trunk.spec.shape == trunks.kind(entry.name).shape
    assert len(bytes.fromhex(trunk.spec.digest)) == 32
    assert (trunk.engine, trunk.precision) == ("onnxruntime", "f32")


def test_preprocessing_is_what_the_spec_says(trunk: Trunk) -> None:
    image = Image.new("RGB", (301, 77), (10, 130, 250))
    tensor = trunk.preprocess(image)
    assert tensor.shape == (3, 224, 224)
    assert tensor.dtype == np.float32
    recipe = trunk.spec.preprocess
    for channel, value in enumerate((10, 130, 250)):
        expected = (value - recipe.mean[channel]) / recipe.std[channel]
        np.testing.assert_allclose(tensor[channel], expected, rtol=1e-5, atol=1e-6)


def test_the_picture_is_squashed_whole_by_pillows_bilinear_filter(trunk: Trunk) -> None:
    image = photograph()
    squashed = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR), np.float64)
    recipe = trunk.spec.preprocess
    expected = (squashed - recipe.mean) / recipe.std
    np.testing.assert_allclose(trunk.preprocess(image), expected.transpose(2, 0, 1), atol=1e-4)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_only_rgb_is_preprocessed(trunk: Trunk, mode: str) -> None:
    with pytest.raises(ImageError, match=f"mode {mode}: expected RGB"):
        trunk.preprocess(Image.new(mode, (8, 8)))


def test_a_batch_is_its_pictures_one_by_one(trunk: Trunk) -> None:
    batch = np.stack([trunk.preprocess(image) for image in pictures(3)])
    together = trunk.forward(batch)
    assert together.shape == (3, *trunk.spec.shape)
    assert together.dtype == np.float32
    span = float(np.ptp(together))
    for index in range(3):
        alone = trunk.forward(batch[index : index + 1])[0]
        assert np.abs(alone - together[index]).max() <= 1e-4 * span


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((3, 224, 224), np.float32),
        np.zeros((1, 3, 224, 225), np.float32),
        np.zeros((1, 3, 224, 224), np.float64),
    ],
    ids=["rank", "size", "type"],
)
def test_a_batch_of_another_form_is_refused(trunk: Trunk, batch: np.ndarray) -> None:
    with pytest.raises(TensorError, match=r"expected \(N, 3, 224, 224\) float32"):
        trunk.forward(batch)


def test_it_answers_the_probe_as_its_manifest_says(entry: TrunkEntry, trunk: Trunk) -> None:
    response = probe.response(trunk.forward(probe.batch(trunk.spec.preprocess)))
    assert probe.distance(response, entry.probe) < 1e-4


@pytest.mark.torch
def test_engines_agree(entry: TrunkEntry, trunk: Trunk) -> None:
    batch = np.stack([trunk.preprocess(image) for image in pictures(4)])
    reference = trunk.forward(batch)
    for name in engines.ENGINES:
        other = trunks.load(entry.name, entry.set, engine=name, store=RELEASED, threads=1)
        difference = np.abs(other.forward(batch) - reference).max()
        assert difference <= 1e-3 * np.ptp(reference), name


def test_unknown_trunks_and_sets_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="expected one of mobilenet_v2, vgg16"):
        trunks.load("resnet")
    with pytest.raises(WeightsError, match="keras-160"):
        trunks.load("mobilenet_v2", "keras-320", store=RELEASED)


def test_a_folder_with_another_cut_is_refused() -> None:
    with pytest.raises(WeightsError, match="expected mobilenet_v2 cut at bottleneck7"):
        trunks.kind("mobilenet_v2").check(replace(SPEC, cut="bottleneck3"))
