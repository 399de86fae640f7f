"""Pixels go back to the system when they are freed, not when the allocator sees fit."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
# Pillow takes blocks of 16 MiB for large pictures, and an upload has up to 20 MB: those are mapped,
# and unmapped when freed. A picture of a megapixel fits below: mapping it anew each time would
# cost a quarter of its decoding
MMAP_FROM_BYTES = 6 << 20
KEPT_FREE_BYTES = 16 << 20


def return_large_blocks() -> bool:
    """Fix the sizes from which glibc maps a block, and up to which it keeps free memory.

    Left alone it raises both with the first large block, and a burst of large pictures leaves
    half a gigabyte with the process for good. Returns whether the C library took the settings;
    other libraries than glibc have other habits.
    """
    library = ctypes.CDLL(None)  # the process itself, libc included
    if not hasattr(library, "mallopt"):
        return False
    return all(
        library.mallopt(name, size)
        for name, size in (
            (_M_MMAP_THRESHOLD, MMAP_FROM_BYTES),
            (_M_TRIM_THRESHOLD, KEPT_FREE_BYTES),
        )
    )
