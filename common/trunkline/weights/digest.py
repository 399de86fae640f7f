"""The trunk digest: one digest is one function, whichever engine runs it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from trunkline.types import Preprocess, Shape
from trunkline.weights.conv import Activation, Conv, Padding


def trunk_digest(
    convs: Iterable[Conv],
    *,
    cut: str,
    shape: Shape,
    padding: Padding,
    activation: Activation,
    preprocess: Preprocess,
) -> str:
    """SHA-256 (hex) of a trunk.

    Hashed are, in layer order, each convolution's folded OIHW weight and its bias as little-endian
    float16, then a canonical JSON text of everything else that makes the function: cut, output
    (C, H, W), padding scheme, activation and preprocessing (resize filter included).
    """
    sha = hashlib.sha256()
    for conv in convs:
        sha.update(conv.weight.astype("<f2", order="C").tobytes())
        sha.update(conv.bias.astype("<f2", order="C").tobytes())
    text = {
        "activation": activation,
        "cut": cut,
        "padding": padding,
        "preprocess": preprocess.canonical(),
        "shape": list(shape),
    }
    sha.update(json.dumps(text, sort_keys=True, separators=(",", ":")).encode())
    return sha.hexdigest()
