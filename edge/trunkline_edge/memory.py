"""Pixels go back to the system when they are freed, not when the allocator sees fit."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h
# below it lie a trunk's tensors, which are wanted again at once; above it Pillow's pixel blocks
# of 1 MiB and uploads
THRESHOLD_BYTES = 768 * 1024


def return_large_blocks() -> bool:
    """Keep glibc from raising the size from which it maps blocks (and unmaps them when freed).

    It does so by itself after the first large block, and then a burst of large pictures leaves its
    memory with the process for good. Returns whether the C library took the setting; other
    libraries than glibc have other habits.
    """
    library = ctypes.CDLL(None)  # the process itself, libc included
    if not hasattr(library, "mallopt"):
        return False
    return bool(library.mallopt(_M_MMAP_THRESHOLD, THRESHOLD_BYTES))
