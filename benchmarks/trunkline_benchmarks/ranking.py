"""Whether a source network's score tells how good a task gets that is made from it.

    python -m trunkline_benchmarks.ranking --target caltech101/train --test caltech101/test \
        --sources cats_dogs/train cifar10/train --voc VOC2007 --work DIR --json OUT

The experiment of Ueno, Azuma and Kondo at the size of one machine: the candidates share a trunk;
their tails are random, ImageNet's, and both of these trained on other pictures. Every candidate is
fine-tuned on the target. What is done lies in --work: a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline import files, markdown
from trunkline.trunks import Trunk
from trunkline.weights.store import ModelStore
from trunkline_benchmarks import machine
from trunkline_benchmarks.making import features_of, sample
from trunkline_training import datasets, voc
from trunkline_training.datasets import BOXES
from trunkline_training.making.choosing import candidates, control, rank, words
from trunkline_training.making.choosing.rank import Scored
from trunkline_training.making.choosing.rank_correlation import spearman
from trunkline_training.making.commands.train import PRESETS
from trunkline_training.making.learning import make, parts, source
from trunkline_training.making.learning.settings import CHANCE, FINETUNE, Making
from trunkline_training.making.pictures import inspection, selection
from trunkline_training.making.pictures.check import Report
from trunkline_training.making.pictures.inspection import Item
from trunkline_training.progress import say
from trunkline_training.train import options

IMAGENET = "classifier"
FROM_CHANCE: dict[str, Any] = {"first": "7", "norm": "batch", "fine_lr": 1e-3, "fine_epochs": 12}
"""A random tail is trained as a whole; the others from the settings' layer on."""


def main(argv: Sequence[str]) -> int:
    """Make the candidates, score them, train on the target from each; the table."""
    arguments = parser().parse_args(argv)
    flags = options.given_flags(arguments, Making)
    settings = options.collect(Making, PRESETS, arguments.preset, None, flags)
    places = [*map(Path, arguments.sources), *_single(arguments.voc, arguments.work)]
    made = [
        _candidate(start, place, settings, arguments.work, arguments.limit_source)
        for place in places
        for start in (CHANCE, IMAGENET)
    ]
    names = [CHANCE, IMAGENET, *map(str, made)]
    target, trunk = selection.sound(arguments.target), source.load(settings).trunk
    scored = _scored(names, target, trunk, settings)
    settings = replace(settings, test_share=0.0)
    test = [item for item in inspection.inspect(arguments.test) if item.readable]
    features = features_of(trunk, test)
    rows = []
    for name, score in zip(names, scored, strict=True):
        reached = _trained(name, arguments.work, settings, target, test, features)
        rows.append({**asdict(score), "name": Path(name).name, **reached})
    accuracies = [row["accuracy"] for row in rows]
    document = {
        "machine": machine.describe(),
        "settings": asdict(replace(settings, source="")),
        "candidates": rows,
        "spearman": {
            "emd": spearman([-row["emd"] for row in rows], accuracies),
            "softmax": spearman([row["softmax"] for row in rows], accuracies),
        },
    }
    print("\n".join(_table(document)))
    files.write_bytes(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 0


def parser() -> argparse.ArgumentParser:
    """The flags, with those of `task train` for the target."""
    flags = argparse.ArgumentParser("trunkline_benchmarks.ranking", description=__doc__)
    flags.add_argument("--target", type=Path, required=True, help="pictures to learn from")
    flags.add_argument("--test", type=Path, required=True, help="pictures to test on")
    flags.add_argument("--sources", nargs="+", required=True, help="folders that tails learn first")
    flags.add_argument("--voc", type=Path, help="a VOC folder: its pictures of one class alone")
    flags.add_argument("--limit-source", type=int, default=100, help="pictures a class of a source")
    flags.add_argument("--work", type=Path, required=True, help="folder for what is made")
    flags.add_argument("--preset", default="", help="settings to begin with")
    flags.add_argument("--json", type=Path, required=True, help="where the figures go")
    options.add_flags(flags.add_argument_group("settings"), Making, {"source", "method", "output"})
    return flags


def _single(root: Path | None, work: Path) -> list[Path]:
    """A list of VOC's pictures whose objects are all of one class; none without a folder."""
    if root is None:
        return []
    found = datasets.open_folder(root.resolve(), BOXES, voc.CLASSES, split="trainval")
    folder = work / "voc"
    files.make_folder(folder)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "class"])
        for picture in found.pictures:
            kinds = {item[0] for item in picture.truth}
            if len(kinds) == 1:
                table.writerow([picture.path, voc.CLASSES[kinds.pop()]])
    return [folder]


def _candidate(start: str, place: Path, settings: Making, work: Path, limit: int) -> Path:
    """The folder of a tail that was trained on `place`, from chance or from ImageNet's."""
    about = place.name if place.name != "train" else place.resolve().parent.name
    folder = work / f"{start}-{about}"
    if (folder / "task.json").is_file():
        return folder
    say(f"=== {folder.name}")
    own = replace(settings, source=start, method=FINETUNE, limit=limit)
    own = replace(own, **FROM_CHANCE) if start == CHANCE else own
    origin = source.load(own)
    divided = parts.divide(selection.sound(place), own)
    made = make.train(origin, divided, own, False)
    make.write(folder, folder.name, origin, divided, own, made, {})
    return folder


def _scored(names: Sequence[str], target: Report, trunk: Trunk, settings: Making) -> list[Scored]:
    """Both scores of every candidate, on the pictures that a task would learn from."""
    sources = candidates.Sources(ModelStore.default(), settings.threads)
    (imagenet,) = [it for it in sources.stored() if it.trunk.spec.digest == trunk.spec.digest]
    labels = imagenet.labels
    chance = control.random_tail(imagenet.trunk, labels, len(labels), settings.seed)
    packaged = [sources.packaged(Path(name)) for name in names[2:]]
    items = selection.learnt(target.usable, 0.2, settings.seed)
    provider = words.load("minilm", None, say)
    return rank.score([chance, imagenet, *packaged], items, provider)


def _trained(
    name: str,
    work: Path,
    settings: Making,
    target: Report,
    test: Sequence[Item],
    features: NDArray[np.float32],
) -> dict[str, Any]:
    """Accuracy on the target's test pictures of a task made from a candidate."""
    done = work / f"{Path(name).name}.target.json"
    if not done.is_file():
        say(f"=== target from {name}")
        own = replace(settings, source=name)
        found = sample(own, target, source.load(own), test, features)
        files.write_bytes(done, json.dumps(found).encode())
    reached: dict[str, Any] = json.loads(done.read_bytes())
    return {"accuracy": reached["accuracy"], "seconds": reached["seconds"]}


def _table(document: dict[str, Any]) -> list[str]:
    head = ["source", "softmax score", "EMD score", "accuracy"]
    rows = [
        [it["name"], f"{it['softmax']:.1f}", f"{it['emd']:.0f}", f"{it['accuracy']:.2f} %"]
        for it in document["candidates"]
    ]
    found = document["spearman"]
    words = f"Spearman: EMD {found['emd']:.2f}, softmax {found['softmax']:.2f}"
    return [*markdown.lines(head, rows), "", words]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
