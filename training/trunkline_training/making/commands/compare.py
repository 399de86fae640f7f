"""`trunkline task compare --images DIR`: trunks, methods and whole networks on one folder."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.command import Command
from trunkline_training.making.commands import train as train_command
from trunkline_training.making.learning.settings import FINETUNE, TRANSFER, Making
from trunkline_training.train import options

if TYPE_CHECKING:
    from trunkline_training.making.comparing.contenders import Result

HEAD = ("what", "accuracy", "macro precision", "macro recall", "macro F1", "training s")
KINDS = (
    "TRUNK/SET:transfer, TRUNK/SET:finetune, torchvision:NETWORK, timm:NETWORK; =FILE behind a "
    "network gives its weights (default: both methods of every trunk with a classifier)"
)
FREE = {"trunk", "set", "method", "output", "run"}
"""Settings that do not hold for all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """What is compared, on which pictures, by which settings."""
    parser.add_argument("what", nargs="*", metavar="WHAT", help=KINDS)
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help=train_command.IMAGES
    )
    parser.add_argument("--report", type=Path, metavar="OUT", help="folder for table and plots")
    parser.add_argument("--preset", default="", help=train_command.preset_help())
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options.add_flags(parser.add_argument_group("settings"), Making, FREE)


def run(arguments: argparse.Namespace) -> int:
    """Train each on the same pictures; print the table."""
    from trunkline.files import check_outside, check_writable
    from trunkline_training.making.comparing import contenders
    from trunkline_training.making.learning import parts
    from trunkline_training.making.pictures import selection, split
    from trunkline_training.making.trying import report
    from trunkline_training.progress import say

    flags = options.given_flags(arguments, Making)
    settings = options.collect(Making, train_command.PRESETS, arguments.preset, None, flags)
    if arguments.report:
        check_outside(arguments.report, arguments.images, "it would be a class")
        check_writable(arguments.report)
    named = [contenders.contender(name) for name in arguments.what or stored()]
    sound = selection.sound(arguments.images, split.fewest(settings.test_share))
    divided = parts.divide(sound, settings)
    divided.require_held()
    say(divided.text())
    results: list[Result] = []
    for one in named:
        say(f"--- {one.name}")
        results.append(one.run(divided, settings))
        say(", ".join(" ".join(pair) for pair in zip(HEAD[1:], row(results[-1])[1:], strict=True)))
        if arguments.report:  # behind each: what comes next may take hours, or fail
            _write(arguments.report, results, f"{arguments.images.name}: {divided.text()}")
    if arguments.json:
        found = {
            it.name: {"seconds": it.seconds, **report.figures(it.evaluation)} for it in results
        }
        print(json.dumps(found))
    else:
        print("\n".join(_table(results)))
    return 0


def _write(folder: Path, results: Sequence[Result], pictures: str) -> None:
    """The last one's report, and the table of all so far."""
    from trunkline.files import write_bytes
    from trunkline_training.making.trying import report

    last = results[-1]
    title = f"Evaluation of {last.name}"
    report.write(folder / folder_of(last.name), last.evaluation, title, {"pictures": pictures})
    text = "\n".join(["# Tasks compared", "", pictures, "", *_table(results), ""])
    write_bytes(folder / "compare.md", text.encode())


def _table(results: Sequence[Result]) -> list[str]:
    from trunkline import markdown

    return list(markdown.lines(HEAD, [row(result) for result in results]))


def stored() -> list[str]:
    """Both methods of every trunk in the store that has a classifier."""
    from trunkline.weights.package import CLASSIFIER
    from trunkline.weights.store import ModelStore

    tails = [tail for tail in ModelStore.default().tails() if tail.task == CLASSIFIER]
    places = [f"{tail.trunk}/{tail.set}" for tail in tails]
    return [
        f"{place}:{method}" for place in dict.fromkeys(places) for method in (TRANSFER, FINETUNE)
    ]


def row(result: Result) -> list[str]:
    """A line of the table."""
    from trunkline_training.making.trying.report import spread

    figures = result.evaluation.ways[0].figures
    return [result.name, *map(spread, figures.values()), f"{result.seconds:.0f}"]


def folder_of(name: str) -> str:
    """A contender's name as a folder's."""
    plain: Sequence[str] = [
        letter if letter.isalnum() else "-" for letter in name.partition("=")[0]
    ]
    return "".join(plain)


command = Command(
    help="compare trunks, methods and whole networks on a folder of pictures",
    configure=configure,
    run=run,
    extra="train",
    requires=(*train_command.REQUIRES, "matplotlib"),
)
