"""`trunkline train KIND`: trains a tail and puts it beside its trunk; `evaluate` measures one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from trunkline.command import Command
from trunkline_training.train import options
from trunkline_training.train.config import (
    ClassifierTraining,
    DistilTraining,
    SsdTraining,
    StitchTraining,
    Training,
)

REQUIRES = ("torch", "torchvision", "onnx", "onnxruntime", "tensorboardX")
EVALUATE, RELEASE = "evaluate", "release"
KINDS: dict[str, type[Training]] = {
    "ssd": SsdTraining,
    "classifier": ClassifierTraining,
    "distil": DistilTraining,
    "stitch": StitchTraining,
}
HELP = {
    "ssd": "train a detector on pictures with boxes",
    "classifier": "train a classifier on labelled pictures",
    "distil": "train a classifier on a whole network's answers to unlabelled pictures",
    "stitch": "fit a convolution before another weight set's classifier, by least squares",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the kinds of training and a flag for each of their settings."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, kind in KINDS.items():
        action = kinds.add_parser(name, help=HELP[name], description=HELP[name])
        known = ", ".join(options.presets(name))
        action.add_argument("--config", type=Path, help="TOML file of settings; flags go before it")
        action.add_argument("--preset", default="", help=f"settings to begin with: {known}")
        action.add_argument(
            "--resume", action="store_true", help="go on where the run's last checkpoint is"
        )
        action.add_argument("--json", action="store_true", help="print one JSON object")
        options.add_flags(action.add_argument_group("settings"), kind)
    _evaluate_options(kinds)
    _release_options(kinds)


def _evaluate_options(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "measure a tail of the model store: float features, 8 bits, BPG, with intervals"
    action = kinds.add_parser(EVALUATE, help=text, description=text)
    _tail_options(action)
    action.add_argument(
        "--models", type=Path, help="model folder of the tail (none: the user's, then the released)"
    )
    action.add_argument("--test", nargs="+", required=True, help="FOLDER or FOLDER:SPLIT, joined")
    action.add_argument("--threads", type=int, default=2, help="threads to use (%(default)s)")
    action.add_argument("--json", action="store_true", help="print one JSON object")


def _release_options(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "put the convolution of a tail with a donor, and no more, into a model folder"
    action = kinds.add_parser(RELEASE, help=text, description=text)
    _tail_options(action)
    action.add_argument("--models", type=Path, required=True, help="model folder of the tail")
    action.add_argument("--output", type=Path, required=True, help="model folder of the donor")


def _tail_options(action: argparse.ArgumentParser) -> None:
    action.add_argument("--task", required=True, help="the tail's task")
    action.add_argument("--trunk", default="mobilenet_v2", help="trunk (%(default)s)")
    action.add_argument("--set", default="", help="weight set (default: the trunk's first)")


def run(arguments: argparse.Namespace) -> int:
    """Train or measure; progress goes to stderr, the figures to stdout."""
    if arguments.kind == RELEASE:
        print(f"wrote {_release(arguments)}")
        return 0
    metrics = _evaluate(arguments) if arguments.kind == EVALUATE else _train(arguments)
    if arguments.json:
        print(json.dumps(metrics))
    else:
        for name, value in metrics.items():
            print(f"{name} {value:g}")
    return 0


def _train(arguments: argparse.Namespace) -> Mapping[str, float]:
    from trunkline_training.train.run import train

    kind = KINDS[arguments.kind]
    flags = options.given_flags(arguments, kind)
    config = options.collect(kind, arguments.kind, arguments.preset, arguments.config, flags)
    return train(arguments.kind, config, arguments.resume)


def _evaluate(arguments: argparse.Namespace) -> Mapping[str, float]:
    from trunkline_training.train.evaluate import evaluate

    return evaluate(
        arguments.models,
        arguments.trunk,
        _set(arguments),
        arguments.task,
        arguments.test,
        arguments.threads,
    )


def _release(arguments: argparse.Namespace) -> Path:
    from trunkline_training.train.release import release

    return release(
        arguments.models, arguments.trunk, _set(arguments), arguments.task, arguments.output
    )


def _set(arguments: argparse.Namespace) -> str:
    from trunkline import trunks

    return trunks.kind(arguments.trunk).set_or_own(arguments.set)


command = Command(
    help="train tails: detectors, classifiers, distilled and stitched classifiers",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
