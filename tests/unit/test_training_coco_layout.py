"""COCO's layout, and joined folders with a validation part and without the test's pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from trunkline.errors import ParameterError, TrunklineError
from trunkline_training import datasets, voc
from trunkline_training.datasets import BOXES, CLASSES
from trunkline_training.train import collection


def coco(root: Path, count: int = 4, **more: object) -> Path:
    """A COCO folder of `count` pictures with a cat, a crowd of people and a toaster in each."""
    (root / "annotations").mkdir(parents=True)
    (root / "train2017").mkdir()
    images = []
    for number in range(count):
        name = f"{number:03}.png"
        Image.new("RGB", (200, 100), (number, 0, 0)).save(root / "train2017" / name)
        images.append({"id": 10 - number, "file_name": name, "width": 200, "height": 100})
    objects = ((17, [20, 10, 40, 50], 0), (1, [0, 0, 200, 100], 1), (80, [1, 1, 5, 5], 0))
    annotations = [
        {"image_id": image["id"], "category_id": kind, "bbox": box, "iscrowd": crowd}
        for image in images
        for kind, box, crowd in objects
    ]
    names = {1: "person", 17: "cat", 80: "toaster", 63: "couch"}
    categories = [{"id": number, "name": name} for number, name in names.items()]
    content = {"images": images, "annotations": annotations, "categories": categories, **more}
    (root / "annotations" / "instances_train2017.json").write_text(json.dumps(content))
    return root


def test_boxes_of_the_known_categories_in_fractions(tmp_path: Path) -> None:
    found = datasets.open_folder(coco(tmp_path), BOXES, voc.CLASSES, split="train2017")
    assert [picture.name for picture in found.pictures] == [
        "003.png",
        "002.png",
        "001.png",
        "000.png",
    ]
    cat, person = voc.CLASSES.index("cat"), voc.CLASSES.index("person")
    assert found.pictures[0].truth == [
        [cat, 0.1, 0.1, 0.3, 0.6, False],
        [person, 0.0, 0.0, 1.0, 1.0, True],
    ]
    assert found.pictures[0].path.is_file()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    root = coco(tmp_path, annotations=[{"image_id": 3}])
    with pytest.raises(TrunklineError, match=r"instances_train2017.json is no COCO file"):
        datasets.open_folder(root, BOXES, voc.CLASSES, split="train2017")


def test_joined_folders_and_their_validation_part(tmp_path: Path) -> None:
    places = [f"{coco(tmp_path / 'a', 10)}:train2017", str(coco(tmp_path / "b", 10)) + ":train2017"]
    one = collection.collect(places, BOXES, voc.CLASSES, share=0.25, limit=0, seed=1)
    again = collection.collect(places, BOXES, voc.CLASSES, share=0.25, limit=0, seed=1)
    other = collection.collect(places, BOXES, voc.CLASSES, share=0.25, limit=0, seed=2)
    assert one.counts == (15, 5)
    assert one == again
    assert one.validation != other.validation
    assert not {it.path for it in one.training} & {it.path for it in one.validation}
    few = collection.collect(places, BOXES, voc.CLASSES, share=0.25, limit=8, seed=1)
    assert sum(few.counts) == 8


def test_pictures_of_the_test_are_refused_whatever_they_are_called(tmp_path: Path) -> None:
    places = [f"{coco(tmp_path / 'a', 6)}:train2017"]
    learnt = collection.collect(places, BOXES, voc.CLASSES, share=0.25, limit=0, seed=1)
    copy = tmp_path / "copy.png"
    copy.write_bytes(learnt.validation[0].path.read_bytes())
    collection.refuse_overlap(learnt, [])
    with pytest.raises(ParameterError, match=r"copy.png of the test is .*: expected no picture"):
        collection.refuse_overlap(learnt, [datasets.Picture("copy.png", copy)])


def test_a_manifest_does_not_name_its_classes(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,class_index\na.png,3\n")
    with pytest.raises(ParameterError, match="give the names with --labels"):
        collection.class_names([str(tmp_path)])


def test_classes_are_the_folders(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / "train" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (8, 8), (number, len(name), ord(name))).save(
                tmp_path / "train" / name / f"{number}.png"
            )
    places = [f"{tmp_path}:train"]
    labels = collection.class_names(places)
    assert labels == ["a", "b"]
    found = collection.collect(places, CLASSES, labels, share=0.34, limit=0, seed=3)
    classes = {it.path.parent.name: it.truth for it in (*found.training, *found.validation)}
    assert classes == {"a": 0, "b": 1}
