"""Pictures as the planes that HEVC codes, and back: grey, RGB, YCbCr (BPG specification 0.9.5)."""

from __future__ import annotations

import numpy as np

from trunkline.codecs.abc import sample_type
from trunkline.codecs.bpg import chroma, header
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.chroma import Plane
from trunkline.codecs.bpg.header import Header
from trunkline.types import Samples

Planes = tuple[Samples, ...]
"""(Y,), or three planes in HEVC's order: Y, Cb, Cr, or G, B, R. Chroma may be halved."""

LUMA_WEIGHTS = {
    header.YCBCR: (0.299, 0.587, 0.114),
    header.BT709: (0.2126, 0.7152, 0.0722),
    header.BT2020: (0.2627, 0.6780, 0.0593),
}
"""Weights of R, G and B in Y (ITU-R BT.601, BT.709, BT.2020) by color_space."""


def check(found: Header) -> None:
    """Raise BitstreamError for colours not read: limited range, YCgCo, RGB of halved planes."""
    if found.limited_range:
        raise BitstreamError("samples of limited range are not supported")
    if found.color_space not in (*LUMA_WEIGHTS, header.RGB):
        raise BitstreamError(f"color_space {found.color_space} is not supported")
    if found.color_space == header.RGB and found.pixel_format != header.YUV444:
        raise BitstreamError(f"RGB in pixel_format {found.pixel_format} is not supported")


def to_planes(picture: Samples, head: Header) -> Planes:
    """(H, W) or (H, W, 3) RGB samples, sides even, as the planes of a file with this header."""
    if head.pixel_format == header.GREY:
        return (picture,)
    red, green, blue = np.moveaxis(picture, 2, 0)
    if head.color_space == header.RGB:
        return green, blue, red
    luma, *differences = _to_ycbcr((red, green, blue), head)
    return _rounded(luma, head), *(_rounded(chroma.down(plane), head) for plane in differences)


def to_picture(planes: Planes, head: Header) -> Samples:
    """The picture that `planes`, perhaps padded, hold: (H, W), or (H, W, 3) RGB."""
    size = (head.height, head.width)
    if head.pixel_format == header.GREY:
        return _cropped(planes[0], size)
    sampling = chroma.SAMPLING[head.pixel_format]
    luma = _cropped(planes[0], size)
    sides = [_cropped(plane, sampling.size(*size)) for plane in planes[1:]]
    if head.color_space == header.RGB:
        return np.stack([sides[1], luma, sides[0]], axis=2)
    cb, cr = (chroma.up(side.astype(np.float32), sampling, *size) for side in sides)
    rgb = _to_rgb(luma.astype(np.float32), cb, cr, head)
    return np.stack([_rounded(plane, head) for plane in rgb], axis=2)


def _to_ycbcr(rgb: Planes, head: Header) -> tuple[Plane, Plane, Plane]:
    """Full-range Y, Cb, Cr of full-range R, G, B."""
    red, green, blue = (plane.astype(np.float32) for plane in rgb)
    weight_r, weight_g, weight_b = LUMA_WEIGHTS[head.color_space]
    luma = weight_r * red + weight_g * green + weight_b * blue
    middle = 1 << (head.bit_depth - 1)
    cb = (blue - luma) / (2 - 2 * weight_b) + middle
    cr = (red - luma) / (2 - 2 * weight_r) + middle
    return luma, cb, cr


def _to_rgb(luma: Plane, cb: Plane, cr: Plane, head: Header) -> tuple[Plane, Plane, Plane]:
    """Undo `_to_ycbcr`."""
    weight_r, weight_g, weight_b = LUMA_WEIGHTS[head.color_space]
    middle = 1 << (head.bit_depth - 1)
    red = luma + (2 - 2 * weight_r) * (cr - middle)
    blue = luma + (2 - 2 * weight_b) * (cb - middle)
    green = (luma - weight_r * red - weight_b * blue) / weight_g
    return red, green, blue


def _rounded(plane: Plane, head: Header) -> Samples:
    """Float samples as whole ones of the file's depth."""
    top = (1 << head.bit_depth) - 1
    rounded: Samples = np.rint(plane).clip(0, top).astype(sample_type(head.bit_depth))
    return rounded


def _cropped(plane: Samples, size: tuple[int, int]) -> Samples:
    """The plane without its padding, in memory of its own."""
    return np.array(plane[: size[0], : size[1]])
