"""Two weight sets of one trunk: a frame of the one is refused by the tails of the other."""

from __future__ import annotations

import numpy as np
import pytest

from tests.views import SHARED
from trunkline import codecs, pipeline
from trunkline.errors import FrameMismatchError
from trunkline.types import Frame, TrunkSpec
from trunkline.weights import ModelStore
from trunkline.weights.store import bundle_root

TRUNK, RELEASED, OTHER = "mobilenet_v2", "keras-160", "torchvision-v1"
WEIGHTS = SHARED / "weights"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """Both sets: the released one, and torchvision's built from the file at hand."""
    for name in ("onnx", "onnxruntime", "safetensors"):
        pytest.importorskip(name)
    if not (WEIGHTS / "mobilenet_v2_torch_imagenet.fp16.safetensors").is_file():
        pytest.skip(f"torchvision's weights are not in {WEIGHTS}: set TRUNKLINE_SHARED")
    from trunkline.weights import build

    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUNKLINE_HOME", str(root / "home"))
        build.build(TRUNK, OTHER, ModelStore((root,)), print, WEIGHTS)
    return ModelStore((root, bundle_root()))


def frame_of(spec: TrunkSpec) -> Frame:
    return pipeline.pack(np.zeros(spec.shape, np.float32), spec, codecs.get("png"))


def test_what_was_built_is_whole(store: ModelStore) -> None:
    built = store.manifest(TRUNK, OTHER)
    assert {file.verified_path().name for file in built.files()} == {
        path.name for path in built.trunk.folder.iterdir()
    } - {"manifest.json"}
    assert [tail.task for tail in built.tails] == ["classifier", "ssd"]
    assert [len(tail.labels()) for tail in built.tails] == [1000, 20]


@pytest.mark.parametrize("task", ["classifier", "ssd"])
@pytest.mark.parametrize(("edge", "cloud"), [(RELEASED, OTHER), (OTHER, RELEASED)])
def test_a_frame_of_the_other_set_is_refused(
    store: ModelStore, edge: str, cloud: str, task: str
) -> None:
    spec, tail = store.trunk(TRUNK, edge).spec, store.tail(TRUNK, cloud, task)
    expected = store.trunk(TRUNK, cloud).digest
    assert spec.digest not in tail.accepts
    assert spec.shape == tail.shape
    with pytest.raises(FrameMismatchError) as caught:
        pipeline.check(frame_of(spec), tail.accepts, tail.shape)
    assert spec.digest in str(caught.value)
    assert expected in str(caught.value)
    pipeline.check(frame_of(store.trunk(TRUNK, cloud).spec), tail.accepts, tail.shape)
