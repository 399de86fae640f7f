"""The control beside source networks: a tail that has learnt nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trunkline.errors import ParameterError
from trunkline.trunks import Trunk
from trunkline_training.making.choosing.candidates import Candidate
from trunkline_training.nets.classifier import Classifier, drawn_plan
from trunkline_training.networks import running

FEWEST = 2
"""Classes: with one, every picture would be sure of it."""


def random_tail(
    trunk: Trunk, labels: Sequence[str], classes: int, seed: int, threads: int = 0
) -> Candidate:
    """A classifier of drawn weights behind `trunk`, with `classes` of the labels, drawn too.

    Drawn, since ImageNet's first classes are all animals. Raises ParameterError.
    """
    if not FEWEST <= classes <= len(labels):
        raise ParameterError(
            f"{classes} classes of the random tail: expected {FEWEST} to {len(labels)}, as many as "
            "there are labels"
        )
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.permutation(len(labels))[:classes].tolist())
    # drawn weights know of no padding: any will do
    plan = drawn_plan(trunk.spec.shape, "symmetric", classes)
    content = Classifier(plan, {}, normed=False, dropout=0.0, seed=seed).onnx()
    name = f"random@{trunk.spec.name}/{trunk.spec.set}"
    named = tuple(labels[index] for index in chosen)
    return Candidate(name, trunk, running(content, threads), named)
