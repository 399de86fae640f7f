"""What the codecs of the imagecodecs library share."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from trunkline.codecs.abc import corrupt, sample_type
from trunkline.types import Samples

TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow thinks of sizes that no frame has."""

# libpng's warnings go to whoever set logging up, and not to standard error where nobody did
logging.getLogger("imagecodecs").addHandler(logging.NullHandler())


def decode_into(
    id: str,
    decode: Callable[..., Any],
    payload: bytes,
    shape: tuple[int, ...],
    bits: int,
    **options: Any,  # noqa: ANN401 - the library function's own
) -> Samples:
    """Decode into an array made beforehand, so that a header that lies allocates nothing.

    Raises CorruptFrameError for whatever the library finds wrong, another size or depth included.
    """
    picture = np.empty(shape, np.dtype(sample_type(bits)).newbyteorder("="))
    try:
        decode(payload, out=picture, **options)
    except (RuntimeError, ValueError, TypeError) as error:  # its own errors are RuntimeErrors
        raise corrupt(id, error, f"a picture of {shape}, {bits} bits") from error
    return picture


def grey_as_colour(plane: Samples) -> Samples:
    """An (H, W) plane as (H, W, 3) with R = G = B, for libraries that know no grey."""
    return plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2)


def claimed_shape(id: str, payload: bytes, format: str) -> tuple[tuple[int, ...], int]:
    """Shape, (H, W) or (H, W, 3), and bits a sample that a file's header claims.

    `format` is Pillow's name; only the header is read. Raises CorruptFrameError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(payload), formats=[format]) as image:
                plane = (image.height, image.width)
                bits = 16 if image.mode.startswith("I;16") else 8
                return (plane if len(image.getbands()) == 1 else (*plane, 3)), bits
    except (OSError, ValueError, SyntaxError, *TOO_LARGE) as error:
        raise corrupt(id, error, f"a {format} file") from error
