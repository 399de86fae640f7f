"""Data that cannot be learnt from, or say too little, are told of before anything is trained."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests import train_kit
from trunkline import cli
from trunkline.errors import ImageError, TrunklineError
from trunkline.weights import ModelStore
from trunkline_training import datasets, pictures, voc
from trunkline_training.datasets import BOXES, CLASSES
from trunkline_training.train import collection

NAN = float("nan")


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ("xmin", "nan", "left below right"),
        ("xmax", "0", "left below right"),
        ("ymax", "inf", "expected a box in the picture"),
        ("xmax", "99999", "expected a box in the picture"),
        ("ymin", "-500", "expected a box in the picture"),
    ],
)
def test_a_box_that_is_none_in_voc(was: str, now: str, message: str, tmp_path: Path) -> None:
    root = train_kit.boxes(tmp_path, 2)
    path = root / "Annotations" / "trainval0001.xml"
    before, _, rest = path.read_text().partition(f"<{was}>")
    path.write_text(f"{before}<{was}>{now}</{rest.split('</', 1)[1]}")
    with pytest.raises(TrunklineError, match=message) as caught:
        datasets.open_folder(root, BOXES, voc.CLASSES, split="trainval")
    assert "trainval0001.xml" in str(caught.value)
    assert "its boat" in str(caught.value)


def coco(root: Path, bbox: list[float], category: int = 1) -> Path:
    (root / "annotations").mkdir(parents=True)
    content = {
        "images": [{"id": 1, "file_name": "1.png", "width": 200, "height": 100}],
        "annotations": [{"id": 7, "image_id": 1, "category_id": category, "bbox": bbox}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    return root


@pytest.mark.parametrize(
    "bbox", [[NAN, 5, 10, 10], [5, 5, float("inf"), 9], [5, 5, 1e6, 1e6], [50, 50, -10, -10]]
)
def test_a_box_that_is_none_in_coco(bbox: list[float], tmp_path: Path) -> None:
    with pytest.raises(TrunklineError, match=r"instances_val2017.json .*annotation 7 has the"):
        datasets.open_folder(coco(tmp_path, bbox), BOXES, voc.CLASSES)


def test_boxes_without_an_area_are_left_out_of_coco(tmp_path: Path) -> None:
    found = datasets.open_folder(coco(tmp_path, [5, 5, 10, 0]), BOXES, voc.CLASSES)
    assert found.pictures[0].truth == []


def test_a_category_that_coco_does_not_name(tmp_path: Path) -> None:
    with pytest.raises(TrunklineError, match="nothing called 999"):
        datasets.open_folder(coco(tmp_path, [5, 5, 9, 9], 999), BOXES, voc.CLASSES)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    root = train_kit.classes(tmp_path, 2)
    os.mkfifo(root / "cat" / "zz.png")
    assert len(pictures.folder(root)) == 4


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    root = os.fsencode(train_kit.classes(tmp_path, 2))
    try:
        os.rename(root + b"/cat", root + b"/c\xff")
    except OSError:
        pytest.skip("the file system takes no such name")
    with pytest.raises(TrunklineError, match="is no UTF-8 name"):
        pictures.folder(Path(os.fsdecode(root)))


def test_a_picture_of_too_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000)
    with pytest.raises(ImageError, match=r"large.png cannot be read"):
        pictures.load(tmp_path / "large.png")


def test_files_that_are_no_pictures_are_counted_before_anything_is_learnt(tmp_path: Path) -> None:
    root = train_kit.classes(tmp_path, 4)
    (root / "cat" / "0.png").write_bytes(b"")
    (root / "cat" / "2.png").write_text("not a picture")
    with pytest.raises(ImageError, match=r"cat/0.png cannot be read.*2 of 8 pictures"):
        collection.collect(
            [str(root)], CLASSES, list(train_kit.COLOURS), share=0.25, limit=0, seed=1
        )


def test_one_picture_in_two_classes_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = train_kit.classes(tmp_path, 4)
    names = list(train_kit.COLOURS)

    def collect() -> str:
        collection.collect([str(root)], CLASSES, names, share=0.25, limit=0, seed=1)
        return capsys.readouterr().err

    assert collect() == ""
    (root / "cat" / "copy.png").write_bytes((root / "boat" / "1.png").read_bytes())
    assert "1 pictures have several classes" in collect()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        ("classifier", ["--task", "trunk"], "'trunk' is the name of the trunk's own files"),
        ("classifier", ["--task", "../../evil"], "is no task's name"),
        ("ssd", ["--task", "det", "--start", "store"], "name another with --start"),
        ("distil", ["--teacher", "nobody"], "the teacher: "),
        ("classifier", ["--cutmix", "1", "--batch", "1"], "set batch to 2 or more"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    kind: str,
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboardX")
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    output = train_kit.models(tmp_path)
    data = train_kit.boxes(tmp_path, 4) if kind == "ssd" else train_kit.classes(tmp_path, 4)
    given = ["--data", str(data), "--run", str(tmp_path / "run"), "--output", str(output)]
    before = ModelStore((output,)).trunk("mobilenet_v2", "keras-160").verified_path().read_bytes()
    assert cli.main(["train", kind, *given, *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    after = ModelStore((output,)).trunk("mobilenet_v2", "keras-160").verified_path().read_bytes()
    assert before == after
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.torch
def test_one_class_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboardX")
    root = train_kit.classes(tmp_path, 4)
    (root / "boat").rename(tmp_path / "boat")
    given = ["--data", str(root), "--run", str(tmp_path / "run")]
    given += ["--output", str(train_kit.models(tmp_path))]
    assert cli.main(["train", "classifier", *given]) == 1
    assert "the data have the class cat alone: expected two or more" in capsys.readouterr().err
