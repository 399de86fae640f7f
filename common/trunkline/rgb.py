"""Any Pillow picture as 8-bit RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from trunkline.errors import UnsupportedImageError

_PLAIN = frozenset(
    {"1", "L", "P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
)
_WHITE = (255, 255, 255, 255)
_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262  # tags
_WHITE_IS_ZERO = 0


def to_rgb(image: Image.Image) -> Image.Image:
    """`image` as 8-bit RGB of the same size; what is transparent lies on white.

    16-bit samples are scaled by their own white, not clipped. May change `image`. Raises
    UnsupportedImageError for samples whose white is nowhere said (32-bit integers, floats) and for
    colours that Pillow cannot turn to RGB.
    """
    if image.mode.startswith("I;16"):
        image = _deep_grey(image)
    if image.mode not in _PLAIN:
        raise UnsupportedImageError(
            f"picture has {image.mode} samples: expected grey, RGB, CMYK or palette colours of 8 "
            "or 16 bits; convert it"
        )
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """Composite on white, in place: at 50 megapixels every copy counts."""
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    rgba.paste(_WHITE, (0, 0, *rgba.size), ImageChops.invert(rgba.getchannel("A")))
    return rgba.convert("RGB")


def _deep_grey(image: Image.Image) -> Image.Image:
    """16-bit grey, or 9 to 15 bits in such samples (TIFF), as 8-bit grey, rounded."""
    tags = getattr(image, "tag_v2", {})
    white = (1 << int(tags.get(_TIFF_BITS, (16,))[0])) - 1
    samples = np.asarray(image).astype(np.uint32)  # (H, W), also from the big-endian "I;16B"
    grey = ((samples * 510 + white) // (2 * white)).clip(0, 255).astype(np.uint8)
    key = image.info.get("transparency")
    if isinstance(key, int):  # PNG: one grey that stands for "nothing here"
        grey[samples == key] = 255
    if tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    return Image.fromarray(grey)
