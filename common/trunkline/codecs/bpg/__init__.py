"""BPG files in Python: the container here, HEVC through PyAV."""

from trunkline.codecs.bpg.codec import Bpg

__all__ = ["Bpg"]
