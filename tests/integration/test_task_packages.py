"""Tasks from elsewhere: a package in a folder, a class in a Python file."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import package_kit
from tests import task_kit as kit
from tests.samples import photograph
from trunkline import codecs, pipeline, trunks
from trunkline.errors import ParameterError, TrunklineError, WeightsError
from trunkline.types import Classification
from trunkline.weights import package
from trunkline_tasks import model, programs, serve_command
from trunkline_tasks import settings as task_settings
from trunkline_tasks.tasks import OTHERS_PORT

PROVENANCE = {"data": "none"}
MEANS = """
import numpy as np

class Means:
    model, labels = "means by channel", ("one", "two")

    def set_up(self):
        self.limit = 5

    def run(self, features):
        means = features.mean(axis=(2, 3))
        if means.max() > self.limit:
            raise ValueError("too bright")
        return [{"best": int(mean.argmax()), "batch": len(features)} for mean in means]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The released classifier in a package."""
    return package_kit.write(tmp_path / "colours", "colours", provenance=PROVENANCE)


async def test_a_packaged_task_is_served(folder: Path, tmp_path: Path) -> None:
    found = package.read(folder)
    assert (found.kind, found.tail.task) == ("classifier", "colours")
    assert found.provenance == PROVENANCE
    async with kit.running(tmp_path, "colours", package=str(folder)) as (server, channel):
        trunk = trunks.load("mobilenet_v2", threads=1)
        (tensor,) = trunk.forward(trunk.preprocess(photograph("chelsea"))[None])
        answer = await kit.infer(channel, pipeline.pack(tensor, trunk.spec, codecs.get("png")))
        assert isinstance(answer.result, Classification)
        assert answer.result.classes[0].index in range(281, 286)
        assert await kit.health(channel, "colours") == "SERVING"
        assert trunk.spec.digest in server.model.info.accepts
        refused = await kit.refusal(channel, b"junk")
        assert refused[0] == "INVALID_ARGUMENT"


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "task.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.pop("tail"), "it lacks 'tail'"),
        (lambda d: d.update(format=7), "format 7, expected 1"),
        (lambda d: d["tail"].update(file="../models/secret.onnx"), "is no file of this folder"),
        (lambda d: d["tail"].update(file="/etc/passwd"), "is no file of this folder"),
        (lambda d: d["tail"]["labels"].update(file=".hidden"), "is no file of this folder"),
        (lambda d: d["tail"]["card"].update(file=""), "is no file of this folder"),
        (lambda d: d["tail"].update(file=7), "7 where text was expected"),
        (lambda d: d["trunk"].update(shape=[1 << 20, 1 << 10, 1 << 10]), "of at most"),
        (lambda d: d["trunk"].update(shape=[0, 4, 4]), "of at most"),
        (lambda d: d["trunk"].update(shape="many"), "task.json is no packaged task's"),
        (lambda d: d["trunk"].update(name="a/../b"), "expected letters, digits"),
        (lambda d: d["tail"].update(task="rm -rf"), "expected letters, digits"),
        (lambda d: d["tail"].update(accepts=[]), "accepted digests that are none"),
        (lambda d: d["tail"].update(accepts=["zz" * 32]), "accepted digests that are none"),
        (lambda d: d["tail"].update(bytes=5), "has not the 5 bytes"),
        (lambda d: d["tail"]["labels"].update(bytes=5), "has not the 5 bytes"),
        (lambda d: d["tail"]["card"].update(bytes=5), "has not the 5 bytes"),
        (lambda d: d["tail"].update(bytes=float("inf")), "cannot convert float infinity"),
        (lambda d: d["trunk"].update(shape=[float("inf"), 1, 1]), "cannot convert float infinity"),
        (lambda d: d["tail"].update(file="a\0b"), "embedded null"),
        (lambda d: d["tail"].update(sha256="00" * 32), "is damaged"),
        (lambda d: d["tail"]["labels"].update(sha256="00" * 32), "is damaged"),
        (lambda d: d["tail"]["card"].update(sha256="00" * 32), "is damaged"),
        (lambda d: d["tail"].update(model="a\x1b[31mb"), "expected one printable line"),
        (lambda d: d["tail"].update(model="m" * 201), "at most 200"),
        (lambda d: d.update(kind=["classifier"]), "expected letters, digits"),
    ],
)
def test_a_hostile_package_is_refused(
    folder: Path, edit: Callable[[dict[str, Any]], object], words: str
) -> None:
    change(folder, edit)
    with pytest.raises(WeightsError, match=r"task\.json") as caught:
        package.read(folder)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.update(kind="oracle"), r"task\.json: kind: unknown task 'oracle'"),
        (lambda d: d.update(kind="ssd"), "ssd tail gives"),
        (lambda d: d["trunk"].update(shape=[16, 28, 28]), "cannot be run on a tensor of"),
    ],
)
def test_a_package_that_is_not_what_it_says_is_refused(
    folder: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], object], words: str
) -> None:
    change(folder, edit)
    chosen = kit.settings("colours", package=str(folder))
    store = kit.make_store(tmp_path / "others")
    with pytest.raises((TrunklineError, RuntimeError), match=words):
        model.load(chosen, store).warm_up()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b" " * (2 << 20), b"\xff"])
def test_what_is_no_description(folder: Path, content: bytes) -> None:
    (folder / "task.json").write_bytes(content)
    with pytest.raises(WeightsError, match="is no packaged task's"):
        package.read(folder)


def test_a_folder_without_a_task(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"task\.json cannot be read: No such file"):
        package.read(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "means.py").write_text(MEANS)
    return f"{tmp_path}/means.py:Means"


async def test_a_class_is_served(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"package": program, "parallel": 1, "max_batch": 4}
    async with kit.running(tmp_path, "means", **given) as (server, channel):
        answer = await kit.infer(channel, kit.frame(7))
        assert isinstance(answer.result, dict)
        assert (answer.result["best"], answer.model) == (7, "means by channel")
        info = server.model.info
        assert (info.accepts, info.labels) == ((kit.DIGEST,), 2)
        gate = kit.Gate(server, monkeypatch)
        calls = [asyncio.create_task(kit.infer(channel, kit.frame()))]
        await gate.reached()
        calls += [asyncio.create_task(kit.infer(channel, kit.frame(top))) for top in (1, 2)]
        await asyncio.sleep(0.2)
        gate.open.set()
        results = [answer.result for answer in await asyncio.gather(*calls)]
    assert [(it["best"], it["batch"]) for it in results if isinstance(it, dict)] == [
        (3, 1),
        (1, 2),
        (2, 2),
    ]


async def test_what_a_class_raises_costs_its_frame_alone(tmp_path: Path, program: str) -> None:
    bright = kit.frame()
    assert bright.quantiser is not None
    bright = replace(bright, quantiser=replace(bright.quantiser, max=1000.0))
    async with kit.running(tmp_path, "means", package=program) as (_, channel):
        status, message = await kit.refusal(channel, bright)
        assert status == "INTERNAL"
        assert "too bright" not in message
        await kit.infer(channel, kit.frame())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("class Other: pass", "has no class 'Means' with a method run"),
        ("Means = 5", "has no class 'Means' with a method run"),
        ("class Means: pass", "has no class 'Means' with a method run"),
        ("import nothing_such", "cannot be run: ModuleNotFoundError"),
        ("def (", "cannot be run: SyntaxError"),
        (
            "class Means:\n  def __init__(self, x): pass\n  def run(self, f): pass",
            "Means cannot be set up: TypeError",
        ),
        ("import sys; sys.exit(0)", "cannot be run: SystemExit: 0"),
        ("raise RuntimeError('\\x1b[31m\\nline')", r"cannot be run: RuntimeError: \x1b[31m\nline"),
        (
            "class Means:\n  def set_up(self): raise SystemExit(3)\n  def run(self, f): pass",
            "Means cannot be set up: SystemExit: 3",
        ),
        (
            "class Means:\n  def set_up(self): raise OSError('no index')\n  def run(self, f): pass",
            "Means cannot be set up: OSError: no index",
        ),
    ],
)
def test_what_is_no_class(tmp_path: Path, code: str, words: str) -> None:
    (tmp_path / "means.py").write_text(code)
    with pytest.raises(ParameterError) as caught:
        programs.load(f"{tmp_path}/means.py:Means")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("5", "labels of Means are 5: expected a list"),
        ("'cat'", "labels of Means are 'cat': expected a list"),
        ("['cat', 5]", "a label of Means is 5: expected text"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, labels: str, words: str) -> None:
    code = f"class Means:\n  labels = {labels}\n  def run(self, features): return [{{}}]"
    (tmp_path / "means.py").write_text(code)
    chosen = kit.settings("means", package=f"{tmp_path}/means.py:Means")
    with pytest.raises(ParameterError, match=re.escape(words)):
        model.load(chosen, kit.make_store(tmp_path / "models"))


@pytest.mark.parametrize("name", ["'\\x1b[31m'", "'a\\nb'", "'m' * 201", "5"])
def test_a_model_s_name_that_no_edge_takes(tmp_path: Path, name: str) -> None:
    code = f"class Means:\n  model = {name}\n  def run(self, features): return [{{}}]"
    (tmp_path / "means.py").write_text(code)
    chosen = kit.settings("means", package=f"{tmp_path}/means.py:Means")
    with pytest.raises(ParameterError, match=r"model of Means is .* expected one printable line"):
        model.load(chosen, kit.make_store(tmp_path / "models"))


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no Python file"):
        programs.load(f"{tmp_path}/means.py:Means")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("[]", "run gives 0 answers for 1 tensors"),
        ("[5]", "an answer is int: expected a dictionary"),
        ("[{'x': float('nan')}]", "not of JSON's types"),
        ("[{'x': object()}]", "not of JSON's types"),
        ("exit(3)", r"run ends the process \(sys.exit\)"),
    ],
)
def test_answers_that_cannot_be_sent(tmp_path: Path, answer: str, words: str) -> None:
    code = f"class Means:\n  def run(self, features): return {answer}"
    (tmp_path / "means.py").write_text(code)
    chosen = kit.settings("means", package=f"{tmp_path}/means.py:Means")
    with pytest.raises(WeightsError, match=words):
        model.load(chosen, kit.make_store(tmp_path / "models")).warm_up()


def test_the_command_names_the_task(
    folder: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline import cli
    from trunkline_tasks import server

    served: list[task_settings.TaskSettings] = []

    def serve(chosen: task_settings.TaskSettings) -> int:
        served.append(chosen)
        return 0

    monkeypatch.setattr(server, "main", serve)
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-serve": serve_command.command})
    assert cli.main(["task", "serve", str(folder)]) == 0
    assert cli.main(["task", "serve", program, "--name", "mine", "--port", "6000"]) == 0
    assert cli.main(["task", "serve", program]) == 0
    assert [(it.name, it.port) for it in served] == [
        ("colours", OTHERS_PORT),
        ("mine", 6000),
        ("means", OTHERS_PORT),
    ]
    assert cli.main(["task", "serve", str(folder.parent)]) == 1
