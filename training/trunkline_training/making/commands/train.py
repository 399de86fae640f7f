"""`trunkline task train NAME --images DIR`: a tail of its own for a folder of pictures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from trunkline.command import Command
from trunkline.errors import ParameterError
from trunkline.files import check_outside, check_writable
from trunkline.names import check_task_name
from trunkline.weights import package
from trunkline_training.making.learning.settings import Making
from trunkline_training.progress import say
from trunkline_training.train import options

REQUIRES = ("torch", "torchvision", "onnx", "onnxruntime", "tensorboardX", "imagehash")
PRESETS = "task"


def configure(parser: argparse.ArgumentParser) -> None:
    """The name, the folder, and a flag for each setting."""
    parser.add_argument("name", type=task_name, help="what the task is called")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help=IMAGES)
    parser.add_argument("--config", type=Path, help="TOML file of settings; flags go before it")
    parser.add_argument("--preset", default="", help=preset_help())
    parser.add_argument("--resume", action="store_true", help="go on with the run in --run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options.add_flags(parser.add_argument_group("settings"), Making)


IMAGES = "one folder a class, or a manifest.csv with the columns path and class"


def preset_help() -> str:
    """What a flag for presets says."""
    return f"settings to begin with: {', '.join(options.presets(PRESETS))}"


def task_name(name: str) -> str:
    """The name as it is. Raises ArgumentTypeError for one that no task may have."""
    try:
        check_task_name(name)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def run(arguments: argparse.Namespace) -> int:
    """Train and package; progress goes to stderr, the figures to stdout."""
    from trunkline_training.making.learning import parts
    from trunkline_training.making.pictures import selection, split

    settings = settings_of(arguments)
    folder = folder_of(arguments.name, settings, arguments.images)
    found = selection.sound(arguments.images, split.fewest(settings.test_share))
    pictures = parts.divide(found, settings)

    # PyTorch takes seconds to load: not before the pictures are known to be worth it
    from trunkline_training.making.learning import make, source, speed

    origin = source.load(settings)
    made = make.train(origin, pictures, settings, arguments.resume)
    make.write(folder, arguments.name, origin, pictures, settings, made, {})
    speeds = speed.measure(origin, settings)
    document = {"folder": str(folder), **made.validated, **vars(speeds)}
    print(json.dumps(document) if arguments.json else "\n".join(_lines(document)))
    return 0


def folder_of(name: str, settings: Making, images: Path) -> Path:
    """Where the task goes. Raises TrunklineError where something else lies, or it does harm."""
    folder = Path(settings.output or name)
    check_outside(folder, images, "it would be a class")
    empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not empty and not _is_of(folder, name):
        raise ParameterError(f"{folder} holds something else: give another --output")
    check_writable(folder)
    if settings.run:
        check_outside(Path(settings.run), images, "it would be a class")
        check_outside(Path(settings.run), folder, "what it keeps of pictures would leave with it")
    return folder


def _is_of(folder: Path, name: str) -> bool:
    """Whether a folder holds the task of this name, which is then made again."""
    ours = (folder / package.NAME).is_file() and package.read(folder).tail.task == name
    if ours:
        say(f"{folder} holds a task {name}: the new one takes its place")
    return ours


def settings_of(arguments: argparse.Namespace) -> Making:
    """Settings out of preset, file and flags. Raises ParameterError."""
    flags = options.given_flags(arguments, Making)
    settings = options.collect(Making, PRESETS, arguments.preset, arguments.config, flags)
    if arguments.resume and not settings.run:
        raise ParameterError("--resume goes on with the run in --run: give that too")
    return settings


def _lines(document: dict[str, object]) -> list[str]:
    return [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in document.items()
    ]


command = Command(
    help="train a task on a folder of pictures, behind the frozen trunk",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
