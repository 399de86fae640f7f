"""Data sets as people have them on disk, and what is said where they are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sweep_kit import INDICES, annotate, class_folder, voc_kit
from trunkline.errors import TrunklineError
from trunkline_training.datasets import BOXES, CLASSES, open_folder
from trunkline_training.datasets.classes import ClassIndex, wordnet_ids

IMAGENET = (*(f"label {index}" for index in range(999)), "toilet tissue")
THREE = ("cat", "dog", "horse")


def touch(path: Path) -> None:
    """An empty file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_wordnet_ids_are_in_the_order_of_the_classes() -> None:
    """Sorted, as ILSVRC2012's indices are; known ones at their places."""
    ids = wordnet_ids()
    assert ids == sorted(set(ids))
    assert [ids[0], ids[281], ids[999]] == ["n01440764", "n02123045", "n15075141"]


def test_folders_of_wordnet_ids(tmp_path: Path) -> None:
    """ImageNet's own names become its indices."""
    data = open_folder(class_folder(tmp_path / "imagenet" / "val", 6), CLASSES, IMAGENET)
    assert {picture.truth for picture in data.pictures} == set(INDICES.values())
    assert [picture.name for picture in data.pictures][:1] == ["n02124075/val_0000.JPEG"]
    assert data.title == "imagenet/val, 6 pictures"


def test_folders_of_numbers_and_labels(tmp_path: Path) -> None:
    """Numbers count from 0; labels may have underscores and capitals."""
    for name in ("1/a.jpg", "Horse/b.png", "cat/deep/c.jpeg"):
        touch(tmp_path / name)
    data = open_folder(tmp_path, CLASSES, THREE)
    found = {picture.name: picture.truth for picture in data.pictures}
    assert found == {"1/a.jpg": 1, "Horse/b.png": 2, "cat/deep/c.jpeg": 0}
    assert ClassIndex(IMAGENET).find("Toilet_tissue", "here") == 999


def test_a_split_is_a_folder(tmp_path: Path) -> None:
    """`split/class/file`."""
    for name in ("train/cat/a.jpg", "test/dog/b.jpg"):
        touch(tmp_path / name)
    data = open_folder(tmp_path, CLASSES, THREE, split="test")
    assert [(it.name, it.truth) for it in data.pictures] == [("dog/b.jpg", 1)]
    with pytest.raises(TrunklineError, match=r"no split 'val': check --data and --split"):
        open_folder(tmp_path, CLASSES, THREE, split="val")


def test_an_unknown_class_is_named_with_its_neighbours(tmp_path: Path) -> None:
    """One line: which, where, what would do."""
    touch(tmp_path / "hors" / "a.jpg")
    with pytest.raises(TrunklineError, match=r"unknown class 'hors'.*near it: horse") as caught:
        open_folder(tmp_path, CLASSES, THREE)
    assert "\n" not in str(caught.value)
    with pytest.raises(TrunklineError, match="WordNet id such as n02123045"):
        ClassIndex(IMAGENET).find("1000", "here")


def test_a_picture_in_no_class(tmp_path: Path) -> None:
    """It has no truth."""
    touch(tmp_path / "cat" / "a.jpg")
    touch(tmp_path / "b.jpg")
    with pytest.raises(TrunklineError, match=r"b\.jpg lies in no class folder"):
        open_folder(tmp_path, CLASSES, THREE)


def test_a_manifest(tmp_path: Path) -> None:
    """Its own order; a column `split` selects."""
    rows = "path,class_index,split\nb.jpg,2,val\na.jpg,0,train\n"
    (tmp_path / "manifest.csv").write_text(rows)
    data = open_folder(tmp_path, CLASSES, THREE)
    assert [(it.path, it.truth) for it in data.pictures] == [
        (tmp_path / "b.jpg", 2),
        (tmp_path / "a.jpg", 0),
    ]
    assert [it.name for it in open_folder(tmp_path, CLASSES, THREE, split="val").pictures] == [
        "b.jpg"
    ]


def test_a_manifest_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """A mark before the text, and semicolons."""
    text = "path;class_index\r\nb,1.jpg;2\r\n"
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8-sig", newline="")
    (picture,) = open_folder(tmp_path, CLASSES, THREE).pictures
    assert (picture.name, picture.truth) == ("b,1.jpg", 2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "lacks the column class_index and path"),
        ("path,label\na.jpg,cat\n", "lacks the column class_index"),
        ("path,class_index\na.jpg\n", "line 2 is incomplete"),
        ("path,class_index\na.jpg,3\n", "line 2 names the unknown class '3'"),
        ("path,class_index\n", "lists no picture"),
        ("path,class_index\n\xff", "cannot be read as a list"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str, complaint: str) -> None:
    """The line is named."""
    (tmp_path / "manifest.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(TrunklineError, match=complaint):
        open_folder(tmp_path, CLASSES, THREE)


def test_voc_boxes_are_fractions_of_the_annotated_size(tmp_path: Path) -> None:
    """Pixel indices start at 1, the last one belongs to the box."""
    voc_kit(tmp_path, 1, "val")
    year = tmp_path / "VOC2007"
    annotate(year, "000000", [("dog", 1, (11, 1, 50, 100))], size=(100, 200))
    data = open_folder(tmp_path, BOXES, ())
    (picture,) = data.pictures
    assert picture.truth == [[11, 0.1, 0.0, 0.5, 0.5, True]]
    assert picture.path == year / "JPEGImages" / "000000.jpg"
    assert data.name.endswith(" val")
    assert open_folder(year, BOXES, ()).pictures == data.pictures


def test_voc_errors(tmp_path: Path) -> None:
    """An unknown class, a missing list, a missing annotation, two years."""
    voc_kit(tmp_path, 2)
    year = tmp_path / "VOC2007"
    with pytest.raises(TrunklineError, match=r"train\.txt is missing"):
        open_folder(tmp_path, BOXES, (), split="train")
    annotate(year, "000000", [("zebra", 0, (1, 1, 2, 2))])
    with pytest.raises(TrunklineError, match=r"000000\.xml names the unknown class 'zebra'"):
        open_folder(tmp_path, BOXES, ())
    (year / "Annotations" / "000000.xml").unlink()
    with pytest.raises(TrunklineError, match=r"000000\.xml is not a VOC annotation"):
        open_folder(tmp_path, BOXES, ())
    (tmp_path / "VOC2012" / "ImageSets" / "Main").mkdir(parents=True)
    with pytest.raises(TrunklineError, match="holds VOC2007, VOC2012: choose one"):
        open_folder(tmp_path, BOXES, ())


def test_the_wrong_folder(tmp_path: Path) -> None:
    """What was expected, and what it looks like."""
    voc_kit(tmp_path / "kit", 1)
    class_folder(tmp_path / "val", 1)
    with pytest.raises(TrunklineError, match=r"no folder .*away: expected manifest\.csv"):
        open_folder(tmp_path / "away", CLASSES, THREE)
    with pytest.raises(TrunklineError, match=r"expected manifest.*it looks like VOC's JPEGImages"):
        open_folder(tmp_path / "kit", CLASSES, THREE)
    with pytest.raises(TrunklineError, match=r"expected VOC's.*it looks like one folder a class"):
        open_folder(tmp_path / "val", BOXES, ())
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrunklineError, match="is no data set for this task"):
        open_folder(tmp_path / "empty", CLASSES, THREE)


def test_a_limit_is_spread_over_the_classes(tmp_path: Path) -> None:
    """A sorted list is not cut to its first classes."""
    data = open_folder(class_folder(tmp_path / "birds", 30), CLASSES, IMAGENET, limit=3)
    assert sorted(picture.truth for picture in data.pictures) == sorted(INDICES.values())
    assert data.title == "birds, 3 of 30 pictures"


def test_tensors_need_no_truth(tmp_path: Path) -> None:
    """Any pictures will do where nothing is asked of them, wherever they lie."""
    touch(tmp_path / "loose.png")
    touch(tmp_path / "holiday" / "beach.jpg")
    found = [(it.name, it.truth) for it in open_folder(tmp_path, "", ()).pictures]
    assert found == [("holiday/beach.jpg", None), ("loose.png", None)]
    assert len(open_folder(tmp_path, "", (), split="holiday").pictures) == 1
