"""Which library decodes a file's HEVC stream."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from trunkline.codecs.bpg import heif, pyav
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.colour import Planes
from trunkline.codecs.bpg.container import Still
from trunkline.errors import MissingExtraError

BEHIND = b"\xa5" * 64
"""No start code, and no zeros as a decoder takes what is missing for."""


def decode(still: Still) -> Planes:
    """The coded planes, before the crop. Raises BitstreamError.

    A decoder reads on behind the end of a slice that was cut, and says nothing. Where the file does
    not tell its length it is therefore decoded twice, with other bytes behind it: a whole slice
    does not depend on them.
    """
    planes = _decode(still)
    if still.has_length:
        return planes
    *others, last = still.units
    again = _decode(replace(still, units=(*others, last + BEHIND)))
    if not all(map(np.array_equal, planes, again)):
        raise BitstreamError("its last slice is cut")
    return planes


def _decode(still: Still) -> Planes:
    """By the library that is right for the file.

    libavcodec, except for lossless files of the reference encoder: under implicit RDPCM it filters
    the edges of intra blocks that H.265, 8.4.4.2.6 (disableIntraBoundaryFilter) leaves alone, and
    so gives other samples; libde265 gives the right ones.
    """
    if not still.tools.implicit_rdpcm:
        return pyav.decode(still.stream(), still.coded)
    if still.header.chroma_format_idc != 0 or still.header.bit_depth != 8:
        raise BitstreamError("implicit RDPCM in other than grey pictures of 8 bits")
    if find_spec("pillow_heif") is None:
        raise MissingExtraError("codec bpg, for lossless files of the reference encoder,", "hevc")
    return (heif.decode_grey(still),)
