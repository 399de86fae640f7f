"""Packaged tasks whose files are not what a task's are: each is refused before it is run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests import graph_kit, package_kit
from tests import task_kit as kit
from trunkline.errors import WeightsError
from trunkline.weights import package
from trunkline_tasks import model

NAMES = ("task.json", "mine.onnx", "mine.labels.txt", "mine.md")


def as_link(path: Path) -> None:
    """The same bytes, but from elsewhere."""
    elsewhere = path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(elsewhere)


def as_pipe(path: Path) -> None:
    """It never ends: reading it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def as_device(path: Path) -> None:
    """It never ends: reading it would take all memory."""
    path.unlink()
    path.symlink_to("/dev/zero")


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [as_link, as_pipe, as_device, as_folder])
def test_a_file_that_is_none(tmp_path: Path, name: str, change: Callable[[Path], None]) -> None:
    folder = package_kit.write(tmp_path / "mine")
    change(folder / name)
    with pytest.raises(WeightsError, match=f"{name} is no regular file of this folder"):
        package.read(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_missing(tmp_path: Path, name: str) -> None:
    folder = package_kit.write(tmp_path / "mine")
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} cannot be read: No such file"):
        package.read(folder)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"labels": ["cat", "dog\x1b[2J"]}, r"a label 'dog\x1b[2J': expected one"),
        ({"labels": ["x" * 201]}, "at most 200 characters"),
        ({"labels": []}, "no labels, expected one a line"),
        ({"labels": ["x"] * 70_000}, "70000 labels, expected at most 65536"),
        ({"card": "# Task\n\x1b]0;owned\x07"}, "mine.md has control characters"),
        ({"card": "x" * (2 << 20)}, "mine.md has 2097152 bytes, expected at most"),
        ({"content": b"junk"}, "mine.onnx is no ONNX file"),
    ],
)
def test_what_is_in_the_files(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    folder = package_kit.write(tmp_path / "mine", **changed)
    with pytest.raises(WeightsError) as caught:
        package.read(folder)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_file_s_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    folder = package_kit.write(tmp_path / "mine")
    text = (folder / "task.json").read_text()
    (folder / "task.json").write_text(text.replace("mine.onnx", "\\u001b[31mx"))
    with pytest.raises(WeightsError, match=r"x1b\[31mx cannot be read") as caught:
        package.read(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["mine.labels.txt", "mine.md"])
def test_what_is_no_text(tmp_path: Path, name: str) -> None:
    folder = package_kit.rewrite(package_kit.write(tmp_path / "mine"), name, b"\xff\xfe")
    with pytest.raises(WeightsError, match=f"{name} is no UTF-8"):
        package.read(folder)


def endless() -> bytes:
    """x + x, 2^62 times."""
    truth, value = TensorProto.BOOL, TensorProto.FLOAT
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["more"], ["go_on"]),
            helper.make_node("Add", ["x", "x"], ["twice"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("more", truth, []),
            helper.make_tensor_value_info("x", value, None),
        ],
        [
            helper.make_tensor_value_info("go_on", truth, []),
            helper.make_tensor_value_info("twice", value, None),
        ],
    )
    loop = helper.make_node("Loop", ["turns", "more", "features"], ["logits"], body=body)
    return graph_kit.network([loop], {"turns": np.int64(1 << 62), "more": np.bool_(True)})


def elsewhere(in_node: bool) -> bytes:
    """Weights that are the bytes of another file, of the graph or of an operator."""
    add = helper.make_node("Add", ["features", "more"], ["logits"])
    made = numpy_helper.from_array(np.ones(1, np.float32))
    constant = helper.make_node("Constant", [], ["more"], value=made)
    nodes, constants = (
        ([constant, add], {}) if in_node else ([add], {"more": np.ones(1, np.float32)})
    )
    built = onnx.load_from_string(graph_kit.network(nodes, constants))
    graph = built.graph
    tensor = graph.node[0].attribute[0].t if in_node else graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "../secret", length=4)
    tensor.ClearField("raw_data")
    return bytes(built.SerializeToString())


def odd(**more: Any) -> bytes:
    return graph_kit.network(
        [helper.make_node("Odd", ["features"], ["logits"], domain="odd")], {}, **more
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (endless(), "has the operator 'Loop': a tail needs none"),
        (odd(), "has the operator 'Odd'"),
        (elsewhere(in_node=False), "has weights in other files"),
        (elsewhere(in_node=True), "has weights in other files"),
    ],
)
def test_networks_that_are_no_tails(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "secret").write_bytes(b"1234")
    folder = package_kit.write(tmp_path / "mine", content=content)
    with pytest.raises(WeightsError, match=words):
        package.read(folder)


def test_functions_of_its_own(tmp_path: Path) -> None:
    function = helper.make_function(
        "odd",
        "Odd",
        ["x"],
        ["y"],
        [helper.make_node("Identity", ["x"], ["y"])],
        [helper.make_opsetid("", 17)],
    )
    folder = package_kit.write(tmp_path / "mine", content=odd(functions=[function]))
    with pytest.raises(WeightsError, match="has functions"):
        package.read(folder)


def large(*nodes: Any, said: Sequence[int | str] = (), **constants: Any) -> bytes:
    """A few bytes that want all memory: a tensor `large` out of `nodes`; its sides as `said`."""
    after = [
        helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0),
        helper.make_node("Add", ["features", "sum"], ["logits"]),
    ]
    built = onnx.load_from_string(graph_kit.network([*nodes, *after], constants))
    if said:
        value = helper.make_tensor_value_info("large", TensorProto.FLOAT, list(said))
        built.graph.value_info.append(value)
    return bytes(built.SerializeToString())


WIDE = helper.make_node("Pad", ["features", "pads"], ["large"])
FILLED = helper.make_node("ConstantOfShape", ["sides"], ["large"])
SQUARED = {"root": np.array([2.0**15]), "two": np.float64(2)}
# a product of which inference knows nothing: 2^15 squared and more
HIDDEN = [
    helper.make_node("Pow", ["root", "two"], ["power"]),
    helper.make_node("Cast", ["power"], ["sides"], to=TensorProto.INT64),
]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            large(FILLED, sides=np.array([2, 1 << 30])),
            r"tensor of \[2, 1073741824\], expected at most",
        ),
        (
            large(*HIDDEN, FILLED, **SQUARED),
            "has a ConstantOfShape of",
        ),
        (
            large(*HIDDEN, FILLED, said=["N"], **SQUARED),
            "has a ConstantOfShape of",
        ),
        (
            large(WIDE, pads=np.array([0, 0, 0, 0, 0, 0, 1 << 12, 1 << 12])),
            "expected at most 134217728",
        ),
    ],
)
def test_a_few_bytes_that_want_all_memory(tmp_path: Path, content: bytes, words: str) -> None:
    folder = package_kit.write(tmp_path / "mine", content=content)
    chosen = kit.settings("mine", package=str(folder))
    with pytest.raises(WeightsError, match=words):
        model.load(chosen, kit.make_store(tmp_path / "models"))
