"""Which library decodes a file's HEVC stream."""

from __future__ import annotations

from importlib.util import find_spec

from trunkline.codecs.bpg import heif, pyav
from trunkline.codecs.bpg.bits import BitstreamError
from trunkline.codecs.bpg.colour import Planes
from trunkline.codecs.bpg.container import Still
from trunkline.errors import MissingExtraError


def decode(still: Still) -> Planes:
    """The coded planes, before the crop. Raises BitstreamError.

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
