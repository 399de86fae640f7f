"""What every task keeps, run over each line of the tasks' table with its released tail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import task_kit as kit
from trunkline import codecs, pipeline, trunks
from trunkline.engines import DEFAULT_ENGINE
from trunkline.types import (
    Classification,
    Detections,
    Frame,
    InferRequest,
    InferResult,
    Result,
    Tensor,
)
from trunkline.weights.store import ModelStore, bundle_root
from trunkline_tasks import model, tasks
from trunkline_tasks.model import Model
from trunkline_tasks.settings import TaskSettings
from trunkline_tasks.tasks.base import Options, Outputs, Task

SIZE = (640, 360)
RELEASED = ModelStore((bundle_root(),))
LOADED: dict[tuple[str, str], Model] = {}


def released(name: str, engine: str = DEFAULT_ENGINE) -> Model:
    """A task on the released bundle; loaded once."""
    if (name, engine) not in LOADED:
        settings = TaskSettings(name=name, port=0, engine=engine, threads=1)
        LOADED[name, engine] = model.load(settings, RELEASED)
        LOADED[name, engine].warm_up()
    return LOADED[name, engine]


def picture_frame(codec: str = "png", seed: int = 0) -> Frame:
    """A frame of a picture of coloured blocks, by the released trunk."""
    trunk = trunks.load("mobilenet_v2", threads=1, store=RELEASED)
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    image = Image.fromarray(blocks).resize(SIZE, Image.Resampling.BICUBIC)
    tensor: Tensor = trunk.forward(trunk.preprocess(image)[np.newaxis])[0]
    return pipeline.pack(tensor, trunk.spec, codecs.feature(codec), image_size=SIZE)


def scores(result: Result) -> list[float]:
    """The scores of a typed result, in its order."""
    if isinstance(result, Classification):
        return [one.score for one in result.classes]
    assert isinstance(result, Detections)
    return [one.score for one in result.detections]


@pytest.mark.parametrize("name", tasks.TASKS)
def test_the_bundle_holds_its_tail(name: str) -> None:
    entry = RELEASED.tail("mobilenet_v2", "keras-160", name)
    trunk = RELEASED.trunk("mobilenet_v2", "keras-160")
    assert trunk.digest in entry.accepts
    assert entry.verified_path().stat().st_size == entry.bytes
    info = released(name).info
    assert info.labels == len(entry.labels()) > 1
    assert info.name == name
    assert info.model


@pytest.mark.parametrize("name", tasks.TASKS)
def test_answers_are_sorted_bounded_and_repeatable(name: str) -> None:
    frame, task = picture_frame(), released(name)
    request = InferRequest(frame, "r", top_k=50, score_threshold=0.0)
    answer = task.infer(request)
    found = scores(answer.result)
    assert 0 < len(found) <= 50
    assert found == sorted(found, reverse=True)
    assert all(0 <= score <= 1 for score in found)
    assert task.infer(request).result == answer.result
    assert scores(task.infer(InferRequest(frame, top_k=1, score_threshold=0.0)).result) == found[:1]
    limit = found[len(found) // 2]
    above = scores(task.infer(InferRequest(frame, top_k=50, score_threshold=limit)).result)
    assert all(score >= np.float32(limit) for score in above)
    if isinstance(answer.result, Detections):
        for one in answer.result.detections:
            x1, y1, x2, y2 = one.box
            assert 0 <= x1 <= x2 <= SIZE[0]
            assert 0 <= y1 <= y2 <= SIZE[1]


@pytest.mark.parametrize("name", tasks.TASKS)
def test_the_engines_agree(name: str) -> None:
    request = InferRequest(picture_frame(), top_k=5, score_threshold=0.0)
    first = scores(released(name).infer(request).result)
    second = scores(released(name, "openvino").infer(request).result)
    assert first == pytest.approx(second, abs=1e-3)


@pytest.mark.parametrize("name", tasks.TASKS)
def test_default_options_hold(name: str) -> None:
    defaults = tasks.load(name).defaults
    found = scores(released(name).infer(InferRequest(picture_frame())).result)
    assert len(found) <= defaults.top_k
    assert all(score >= defaults.score_threshold for score in found)


class Colours(Task):
    """A third party's task: its answer is a dictionary."""

    defaults = Options(top_k=2, score_threshold=0.0)

    def check_outputs(self, outputs: Outputs) -> None:
        """Any outputs will do."""

    def result(self, outputs: Outputs, image_size: tuple[int, int], options: Options) -> Result:
        """The picture's size and the first outputs."""
        values = [float(value) for value in outputs[0].ravel()[: options.top_k]]
        return {"size": list(image_size), "values": values, "name": self.labels[0]}


async def test_a_new_task_is_one_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tasks.TASKS, "colours", f"{__name__}:Colours")
    assert tasks.default_port("colours") == 50053
    async with kit.running(tmp_path, "colours") as (_, channel):
        assert await kit.health(channel, "colours") == "SERVING"
        answer = await kit.infer(channel, kit.frame())
    assert isinstance(answer, InferResult)
    assert isinstance(answer.result, dict)
    assert answer.result["size"] == [200, 100]
    assert answer.result["name"] == "label 0"
    assert len(answer.result["values"]) == 2
