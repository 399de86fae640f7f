"""A task that is no classifier: which pictures of a collection look most like this one.

    $ python cloud_tasks/examples/similar.py --images ~/Pictures --output index.npz
    $ SIMILAR_INDEX=index.npz trunkline task serve cloud_tasks/examples/similar.py:Similar
    $ trunkline task add similar 127.0.0.1:50053

A picture's vector is its feature tensor, averaged over the places of a coarse grid and scaled to
length 1: what the trunk has found, and roughly where. Likeness is the cosine of two vectors.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import ImageError
from trunkline_tasks.programs import Program

GRID = 2
MOST = 5
INDEX = "SIMILAR_INDEX"

Vectors = NDArray[np.float32]


def vectors(features: NDArray[np.float32]) -> Vectors:
    """(N, C, H, W) features -> (N, C * GRID * GRID) of length 1."""
    count, channels, height, width = features.shape
    tall, wide = height // GRID, width // GRID
    kept = features[:, :, : tall * GRID, : wide * GRID]
    # (N, C, H, W) -> (N, C, G, h, G, w) -> (N, C, G, G)
    means = kept.reshape(count, channels, GRID, tall, GRID, wide).mean(axis=(3, 5))
    flat = means.reshape(count, -1)  # (N, C, G, G) -> (N, C * G * G)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    found: Vectors = (flat / np.maximum(lengths, 1e-12)).astype(np.float32)
    return found


class Similar(Program):
    """Answers the nearest pictures of the index, the most alike first."""

    model = "cosine of pooled trunk features"

    def set_up(self) -> None:
        """Read the index that `main` wrote."""
        with np.load(os.environ[INDEX], allow_pickle=False) as file:
            self._vectors, self._names = file["vectors"], file["names"].tolist()

    def run(self, features: NDArray[np.float32]) -> Sequence[dict[str, Any]]:
        """The MOST alike for each of (N, C, H, W)."""
        likeness = vectors(features) @ self._vectors.T
        return [{"similar": self._nearest(row)} for row in likeness]

    def _nearest(self, likeness: Vectors) -> list[dict[str, Any]]:
        best = np.argsort(-likeness, kind="stable")[:MOST]
        return [
            {"picture": self._names[index], "likeness": round(float(likeness[index]), 4)}
            for index in best
        ]


def readable(folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every picture below a folder that can be read, as its features; others are named."""
    from trunkline import images, trunks

    trunk = trunks.load("mobilenet_v2")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            picture = images.read(path.read_bytes(), enough=trunk.enough_pixels)
        except ImageError as error:
            print(f"left out: {path}: {error}")
            continue
        batch = trunk.preprocess(picture.image)[None]  # (3, H, W) -> (1, 3, H, W)
        yield str(path.relative_to(folder)), trunk.forward(batch)[0]


def main() -> None:
    """Write the index of a folder's pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    found = dict(readable(given.images))
    if not found:
        raise SystemExit(f"no pictures below {given.images}")
    np.savez(
        given.output, names=np.array(list(found)), vectors=vectors(np.stack([*found.values()]))
    )
    print(f"{given.output}: {len(found)} pictures")


if __name__ == "__main__":
    main()
