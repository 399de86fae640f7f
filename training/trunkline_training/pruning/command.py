"""`trunkline prune tail|trunk|module`: smaller networks that are served as they are, dense."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trunkline.command import Command
from trunkline_training.train import options

TRAINING = ("torch", "torchvision", "onnx", "onnxruntime", "tensorboardX")
REQUIRES = (*TRAINING, "torch_pruning", "sb3_contrib", "gymnasium")
HELP = {
    "tail": "remove filters or places of a task's tail; it learns the unpruned one's answers",
    "trunk": "remove filters of a trunk; a new weight set, whose tails are made again",
    "module": "remove filters of any PyTorch module that a function of a file gives",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be pruned, and a flag for each setting."""
    from trunkline_training.pruning.module_settings import WITHOUT, ModulePruning
    from trunkline_training.pruning.settings import UNUSED, TailPruning, TrunkPruning

    kinds: dict[str, tuple[type[Any], frozenset[str]]] = {
        "tail": (TailPruning, UNUSED),
        "trunk": (TrunkPruning, UNUSED | {"task", "coded", "coded_qp"}),
        "module": (ModulePruning, WITHOUT),
    }
    actions = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, (kind, without) in kinds.items():
        action = actions.add_parser(name, help=HELP[name], description=HELP[name])
        if name == "module":
            action.add_argument("module", metavar="FILE.py:FUNCTION", help="gives the module")
        known = ", ".join(options.presets(f"prune-{name}")) or "none"
        action.add_argument("--config", type=Path, help="TOML file of settings; flags go before it")
        action.add_argument("--preset", default="", help=f"settings to begin with: {known}")
        action.add_argument("--resume", action="store_true", help="go on with the run in --run")
        action.add_argument("--json", action="store_true", help="print one JSON object")
        options.add_flags(action.add_argument_group("settings"), kind, without)


def run(arguments: argparse.Namespace) -> int:
    """Prune; progress goes to stderr, the figures to stdout."""
    metrics, after = _RUNS[arguments.kind](arguments)
    if arguments.json:
        print(json.dumps(dict(metrics)))
        return 0
    for name, value in metrics.items():
        print(f"{name} {value:g}")
    print(after, end="")
    return 0


def _settings(arguments: argparse.Namespace, kind: type[Any]) -> Any:  # noqa: ANN401
    flags = options.given_flags(arguments, kind)
    name = f"prune-{arguments.kind}"
    return options.collect(kind, name, arguments.preset, arguments.config, flags)


def _tail(arguments: argparse.Namespace) -> tuple[Mapping[str, float], str]:
    from trunkline_training.pruning import tail
    from trunkline_training.pruning.settings import TailPruning

    return tail.prune(_settings(arguments, TailPruning), arguments.resume), ""


def _trunk(arguments: argparse.Namespace) -> tuple[Mapping[str, float], str]:
    from trunkline_training.pruning import trunk
    from trunkline_training.pruning.settings import TrunkPruning

    return trunk.prune(_settings(arguments, TrunkPruning), arguments.resume)


def _module(arguments: argparse.Namespace) -> tuple[Mapping[str, float], str]:
    from trunkline_training.pruning import module
    from trunkline_training.pruning.module_settings import ModulePruning

    settings = _settings(arguments, ModulePruning)
    return module.prune(arguments.module, settings, arguments.resume), ""


_RUNS = {"tail": _tail, "trunk": _trunk, "module": _module}

command = Command(
    help="prune tails, trunks and modules: fewer filters or places, little loss",
    configure=configure,
    run=run,
    extra="prune",
    requires=REQUIRES,
)
