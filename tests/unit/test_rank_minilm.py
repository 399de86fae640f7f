"""The sentence encoder out of a wheel, against the same network written in numpy."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trunkline.errors import MissingExtraError, WeightsError
from trunkline.weights.wheel import Wheel

pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")
pytestmark = pytest.mark.torch

from safetensors.numpy import save  # noqa: E402

from trunkline_training.making.choosing import minilm, words  # noqa: E402

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "great", "white", "shark", "##s", "car", "side"]
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": 2,
    "hidden_size": 12,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "layer_norm_eps": 1e-12,
}
WHEEL = Wheel("tinyencoder", "1.0", "tinyencoder-1.0-py3-none-any.whl", "")


def weights() -> dict[str, np.ndarray]:
    rng, wide, inner = np.random.default_rng(5), 12, 20
    embeddings = {"word": len(WORDS), "position": 16, "token_type": 2}
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (n, wide) for name, n in embeddings.items()
    }
    affine: dict[str, tuple[int, ...]] = {"embeddings.LayerNorm": (wide,)}
    for number in range(2):
        layer = f"encoder.layer.{number}"
        for name in ("query", "key", "value"):
            affine[f"{layer}.attention.self.{name}"] = (wide, wide)
        affine |= {
            f"{layer}.attention.output.dense": (wide, wide),
            f"{layer}.attention.output.LayerNorm": (wide,),
            f"{layer}.intermediate.dense": (inner, wide),
            f"{layer}.output.dense": (wide, inner),
            f"{layer}.output.LayerNorm": (wide,),
        }
    for name, shape in affine.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def encoded(ids: list[int], state: Mapping[str, np.ndarray]) -> np.ndarray:
    """Devlin et al. (2019), then the mean over the tokens at length 1."""

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(x @ state[f"{name}.weight"].T + state[f"{name}.bias"])

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return np.asarray(scaled * state[f"{name}.weight"] + state[f"{name}.bias"])

    def part(name: str) -> np.ndarray:
        return state[f"embeddings.{name}_embeddings.weight"].astype(np.float64)

    x = norm(part("word")[ids] + part("position")[: len(ids)] + part("token_type")[0], EMBEDDED)
    for number in range(2):
        layer = f"encoder.layer.{number}"
        attention = f"{layer}.attention"
        # (L, D) -> heads (3, L, 4)
        q, k, v = (
            linear(x, f"{attention}.self.{name}").reshape(len(ids), 3, 4).swapaxes(0, 1)
            for name in ("query", "key", "value")
        )
        powers = np.exp(q @ k.swapaxes(1, 2) / 2)
        mixed = powers / powers.sum(-1, keepdims=True) @ v
        joined = mixed.swapaxes(0, 1).reshape(len(ids), 12)
        x = norm(x + linear(joined, f"{attention}.output.dense"), f"{attention}.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        gelu = inner * (1 + np.vectorize(erf)(inner / np.sqrt(2))) / 2
        x = norm(x + linear(gelu, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


EMBEDDED = "embeddings.LayerNorm"


def tokenizer() -> str:
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.enable_padding(length=9)  # as the published file has it
    return str(made.to_str())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index; nothing else is at hand."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRUNKLINE_WEIGHTS_DIR", raising=False)
    return tmp_path / "index"


@pytest.fixture
def publish(index: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a wheel of a tiny encoder into the index, with its files changed as is said."""

    def put(**changes: bytes | None) -> Path:
        files: dict[str, bytes | None] = {
            "config.json": json.dumps(CONFIG).encode(),
            "tokenizer.json": tokenizer().encode(),
            "model.safetensors": save(weights()),
        }
        files |= {name.replace("__", "."): content for name, content in changes.items()}
        path, info = index / WHEEL.file, "tinyencoder-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                if content is not None:
                    archive.writestr(minilm.FOLDER + name, content)
            meta = "Metadata-Version: 2.1\nName: tinyencoder\nVersion: 1.0\n"
            archive.writestr(f"{info}/METADATA", meta)
            tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            archive.writestr(f"{info}/WHEEL", tags)
            archive.writestr(f"{info}/RECORD", "")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(minilm.MiniLm, "wheel", replace(WHEEL, sha256=sha256))
        return path

    return put


def test_names_go_through_the_network(publish: Any) -> None:
    path = publish()
    lines: list[str] = []
    found = words.load("minilm", None, lines.append)
    assert lines == ["fetching tinyencoder 1.0 with pip"]
    names = ["Great white shark", "car_side", "SHARKS", "car side", "cat"]
    ids = [[2, 4, 5, 6, 3], [2, 8, 9, 3], [2, 6, 7, 3], [2, 8, 9, 3], [2, 1, 3]]
    expected = np.array([encoded(row, weights()) for row in ids])
    assert found.vectors(names) == pytest.approx(expected, abs=2e-6)
    assert found.vectors(names[:1])[0] == pytest.approx(expected[0], abs=2e-6)
    assert "Apache-2.0" in found.origin
    path.unlink()  # it is in the download cache now
    assert words.load("minilm", None, lines.append).vectors(["cat"]).shape == (1, 12)
    assert len(lines) == 1


def test_a_wheel_that_cannot_be_had(publish: Any) -> None:
    publish().unlink()
    with pytest.raises(WeightsError) as error:
        words.load("minilm", None, lambda line: None)
    assert "pip could not download tinyencoder==1.0" in str(error.value)
    assert str(error.value).endswith(
        "TRUNKLINE_WEIGHTS_DIR=FOLDER, or name a file of word vectors with --words FILE"
    )
    assert "\n" not in str(error.value)


def test_another_wheel_in_the_users_folder(
    publish: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = publish()
    monkeypatch.setenv("TRUNKLINE_WEIGHTS_DIR", str(path.parent))
    path.write_bytes(b"changed")
    with pytest.raises(WeightsError, match="replace the file"):
        words.load("minilm", None, print)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tokenizer__json": None}, "holds no sentence encoder"),
        ({"config__json": json.dumps({**CONFIG, "model_type": "gpt2"}).encode()}, "expected BERT"),
        (
            {"config__json": json.dumps({**CONFIG, "num_hidden_layers": 3}).encode()},
            "lack a part or its shape: 'encoder.layer.2",
        ),
        (
            {"config__json": json.dumps({**CONFIG, "intermediate_size": 21}).encode()},
            "size mismatch for layers.0.linear1.weight",
        ),
    ],
)
def test_a_wheel_of_something_else(publish: Any, changes: dict[str, bytes], reason: str) -> None:
    publish(**changes)
    with pytest.raises(WeightsError) as error:
        words.load("minilm", None, print)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_without_its_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"trunkline\[rank\]"):
        words.load("minilm", None, print)


def test_the_wheel_is_pinned() -> None:
    assert len(minilm.WHEEL.sha256) == 64
    assert minilm.WHEEL.version in minilm.WHEEL.file
