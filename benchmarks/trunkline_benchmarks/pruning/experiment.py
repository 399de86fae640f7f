"""The network and the pictures that every sample is made of."""

from __future__ import annotations

import argparse

from torch import nn

from trunkline_benchmarks.pruning.flags import config_of
from trunkline_benchmarks.pruning.samples import Bench
from trunkline_training.datasets import CLASSES
from trunkline_training.pruning import labelled, source
from trunkline_training.train import collection
from trunkline_training.train.trainer import steady


def opened(arguments: argparse.Namespace) -> tuple[Bench, nn.Module]:
    """What the flags name, read; the network has random weights. Raises TrunklineError."""
    config = config_of(arguments)
    classes = collection.class_names(config.data)
    found = labelled.parts(config, classes)
    test = collection.pictures(config.test, CLASSES, classes)
    collection.refuse_overlap(found, test)
    learnt, kept = (labelled.load(it, config.side) for it in (found.training, found.validation))
    bench = Bench(config, arguments.work, (learnt, kept), labelled.load(test, config.side))
    steady(config)  # the first weights are drawn
    return bench, source.module_of(arguments.network, len(classes))
