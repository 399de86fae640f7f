"""`trunkline fit classifier|ssd|evaluate`: makes tails and scores them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from trunkline.command import Command
from trunkline.weights.store import ModelStore

REQUIRES = ("torch", "torchvision", "onnx", "onnxruntime", "h5py", "safetensors", "openvino")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the three actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (
        ("classifier", "fit a 1000-class layer on a trunk's own later blocks"),
        ("ssd", "fit the convolution that ties the COCO detector to a trunk"),
    ):
        action = _action(actions, name, text)
        action.add_argument(
            "--output", type=Path, required=True, help="model folder that holds the trunk"
        )
        action.add_argument(
            "--limit", type=int, default=0, help="use only the first N pictures (0: all)"
        )
    _fit_options(actions.choices["classifier"], actions.choices["ssd"])
    evaluate = _action(actions, "evaluate", "score the tails of the model store")
    evaluate.add_argument("--trunk", default="mobilenet_v2", help="trunk (%(default)s)")
    evaluate.add_argument("--task", default="", help="one task (default: every tail of the set)")


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text, description=text)
    action.add_argument("--set", default="keras-160", help="weight set (%(default)s)")
    action.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with VOCdevkit, caltech101, cats_dogs, imagenet_val_1300",
    )
    action.add_argument("--threads", type=int, default=2, help="threads to use (%(default)s)")
    action.add_argument("--json", action="store_true", help="print one JSON object")
    return action


def _fit_options(classifier: argparse.ArgumentParser, ssd: argparse.ArgumentParser) -> None:
    classifier.add_argument(
        "--penalty", type=float, default=30.0, help="ridge penalty per view (%(default)s)"
    )
    classifier.add_argument(
        "--views", type=int, choices=(1, 2), default=2, help="2: mirrored pictures too"
    )
    ssd.add_argument(
        "--iou", type=float, default=0.5, help="overlap at which a box is dropped (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do the action; progress goes to stderr, the metrics to stdout."""
    actions = {"classifier": _classifier, "ssd": _ssd, "evaluate": _evaluate}
    metrics = actions[arguments.action](arguments)
    if arguments.json:
        print(json.dumps(metrics))
    else:
        for task, figures in metrics.items():
            for name, value in figures.items():
                print(f"{task} {name} {value:g}")
    return 0


def _classifier(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    from trunkline_training import release
    from trunkline_training.classifier import ClassifierFit

    config = ClassifierFit(
        data=arguments.data,
        weights=arguments.set,
        penalty=arguments.penalty,
        views=arguments.views,
        limit=arguments.limit,
        threads=arguments.threads,
    )
    return {"classifier": release.fit_classifier(config, arguments.output, report)}


def _ssd(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    from trunkline_training import release
    from trunkline_training.ssd import SsdFit

    config = SsdFit(
        data=arguments.data,
        weights=arguments.set,
        iou_threshold=arguments.iou,
        limit=arguments.limit,
        threads=arguments.threads,
    )
    return {"ssd": release.fit_ssd(config, arguments.output, report)}


def _evaluate(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    from trunkline_training import evaluate

    return evaluate.evaluate(
        ModelStore.default(),
        arguments.trunk,
        arguments.set,
        data=arguments.data,
        task=arguments.task,
        threads=arguments.threads,
    )


def report(line: str) -> None:
    """A progress line."""
    print(line, file=sys.stderr, flush=True)


command = Command(
    help="make tails: fit a classifier layer or a detector's stitch, or score the tails there are",
    configure=configure,
    run=run,
    extra="train",
    requires=REQUIRES,
)
