"""`trunkline task new NAME --images DIR`: the whole way from pictures to a task that is served."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.command import Command
from trunkline_training.making.commands import eval as eval_command
from trunkline_training.making.commands import train as train_command

if TYPE_CHECKING:
    from trunkline_training.making.trying.evaluation import Evaluation

STEPS = 4


def configure(parser: argparse.ArgumentParser) -> None:
    """What `task train` and `task eval` take."""
    train_command.configure(parser)
    eval_command.add_trial_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check, train, try, package; then say how the task is served and added."""
    from trunkline_training.making.learning import parts
    from trunkline_training.making.pictures import selection, split
    from trunkline_training.making.trying import examination, report
    from trunkline_training.progress import say

    begun = time.monotonic()
    settings = train_command.settings_of(arguments)
    folder = train_command.folder_of(arguments.name, settings, arguments.images)
    place = examination.place(arguments.report, folder, arguments.images)
    ways = examination.ways(arguments.codecs)

    say(f"1/{STEPS} looking at the pictures in {arguments.images}; nothing there is changed")
    found = selection.sound(arguments.images, split.fewest(settings.test_share))
    divided = parts.divide(found, settings)
    say(divided.text())
    divided.require_held()

    # PyTorch takes seconds to load: not before the pictures are known to be worth it
    from trunkline_training.making.learning import make, source, speed

    origin = source.load(settings)
    say(f"2/{STEPS} training behind the frozen trunk, from the layers of {origin.name}")
    made = make.train(origin, divided, settings, arguments.resume)
    say(speed.measure(origin, settings).text())
    make.write(folder, arguments.name, origin, divided, settings, made, {})

    say(f"3/{STEPS} trying the task on pictures that it has not seen")
    tried = examination.begin(folder, threads=settings.threads)
    evaluated, _ = tried.examine(arguments.images, found, ways, place)

    say(f"4/{STEPS} packaging")
    make.write(folder, arguments.name, origin, divided, settings, made, report.metrics(evaluated))
    if arguments.json:
        document = {"folder": str(folder), "report": str(place), **report.figures(evaluated)}
        print(json.dumps({**document, "seconds": round(time.monotonic() - begun, 1)}))
    else:
        print("\n".join(_text(folder, place, arguments.name, evaluated)))
        say(f"took {time.monotonic() - begun:.0f} s")
    return 0


def _text(folder: Path, place: Path, name: str, evaluated: Evaluation) -> list[str]:
    return [
        *eval_command.lines(evaluated),
        "",
        f"task    {folder}",
        f"report  {place / 'report.md'}",
        f"serve   trunkline task serve {folder}",
        f"add     trunkline task add {name} HOST:PORT --edge URL",
    ]


command = Command(
    help="from a folder of pictures to a task that can be served, with a report",
    configure=configure,
    run=run,
    extra="train",
    requires=(*train_command.REQUIRES, "matplotlib"),
)
