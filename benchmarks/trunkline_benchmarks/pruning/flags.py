"""Accuracy after pruning, by method and share, with the published figures beside.

    python -m trunkline_benchmarks.pruning --data cifar10/train --test cifar10/test \
        --work DIR --json OUT

The network is trained from scratch once, in --work; then every method removes filters from it and
trains what is left. What is done lies in --work: a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from trunkline.errors import ParameterError
from trunkline_benchmarks.pruning.methods import METHODS, settings_of
from trunkline_training.pruning.module_settings import WITHOUT, ModulePruning
from trunkline_training.train import options

NETWORK = f"{Path(__file__).with_name('vgg.py')}:vgg16"
PRESETS = "prune-module"
OURS = {"criterion", "replace", "macs_removed", "parameters_removed", "output", "run", "seed"}
"""Settings that the experiment sets, or that say nothing in it."""


def parser() -> argparse.ArgumentParser:
    """The flags, with those of `prune module`."""
    flags = argparse.ArgumentParser("trunkline_benchmarks.pruning", description=__doc__)
    flags.add_argument("--work", type=Path, required=True, help="folder for what is made")
    flags.add_argument("--json", type=Path, required=True, help="where the figures go")
    flags.add_argument("--network", default=NETWORK, help="FILE.py:FUNCTION (VGG16)")
    flags.add_argument("--methods", nargs="+", default=list(METHODS), help="%(default)s")
    flags.add_argument("--removed", type=float, nargs="+", default=[0.5, 0.7, 0.92])
    flags.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    flags.add_argument("--base-epochs", type=int, default=40, help="%(default)s")
    flags.add_argument("--base-lr", type=float, default=0.05, help="%(default)s")
    flags.add_argument("--jobs", type=int, default=1, help="samples at a time, each in a process")
    flags.add_argument("--preset", default="", help="settings to begin with")
    options.add_flags(flags.add_argument_group("settings"), ModulePruning, WITHOUT | OURS)
    return flags


def config_of(arguments: argparse.Namespace) -> ModulePruning:
    """The settings of every sample. Raises ParameterError, UnknownNameError."""
    flags = options.given_flags(arguments, ModulePruning)
    config = options.collect(ModulePruning, PRESETS, arguments.preset, None, flags)
    if not config.test:
        raise ParameterError("test is not set: give --test FOLDER, whose pictures are compared on")
    config = replace(config, run=str(arguments.work), output=str(arguments.work))
    for method in arguments.methods:  # better now than behind hours of training
        replace(config, **settings_of(method, 0, 0), parameters_removed=0.5).ready()
    return config
