"""Feature tensors of pictures, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs

from trunkline.errors import TrunklineError
from trunkline.files import read_bytes
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_benchmarks import pictures
from trunkline_benchmarks.appended import Appended
from trunkline_benchmarks.shards import chunks
from trunkline_training.progress import progress

CHUNK = 16
"""Pictures in one batch of the trunk; what is resumed begins with a whole batch."""


def default_root() -> Path:
    """Where features lie unless the caller says otherwise."""
    return Path(platformdirs.user_cache_dir("trunkline")) / "features"


class FeatureCache:
    """The folder of features, one `.npy` file for each trunk and list of pictures."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def features(
        self, trunk: Trunk, paths: Sequence[Path]
    ) -> np.memmap[tuple[int, ...], np.dtype[np.float32]]:
        """The pictures' tensors, (N, C, H, W) float32 in the order of `paths`, read-only.

        They are told by the trunk's digest, engine and precision and by the pictures' contents.
        What is missing is computed as the edge does it, with progress on stderr; a run that was
        ended is taken up again. `.filename` of the result opens it in other processes.
        Raises TrunklineError: no pictures, one that cannot be read (ImageError), a full disk.
        """
        if not paths:
            raise TrunklineError("no pictures to compute features of: expected at least one")
        path = self.root / f"{_key(trunk, paths)}.npy"
        if not path.is_file():
            self._compute(trunk, paths, path)
        try:
            found: np.memmap[tuple[int, ...], np.dtype[np.float32]] = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise TrunklineError(f"{path} cannot be read: {error}; delete it") from error
        return found

    def _compute(self, trunk: Trunk, paths: Sequence[Path], path: Path) -> None:
        header = _header((len(paths), *trunk.spec.shape))
        batch_bytes = CHUNK * int(np.prod(trunk.spec.shape)) * 4
        with Appended(path.with_suffix(".part")) as part:
            whole = (part.size - len(header)) // batch_bytes  # -1 where there is no header yet
            part.truncate(len(header) + whole * batch_bytes if whole >= 0 else 0)
            if whole < 0:
                part.append(header)
            batches = list(chunks(paths, CHUNK))
            done = min(max(whole, 0), len(batches))
            what = f"{trunk.spec.name} features"
            for _, batch in progress(batches[done:], len(batches), what, done):
                part.append(_forward(trunk, batch).tobytes())
            part.path.replace(path)


def _forward(trunk: Trunk, paths: Sequence[Path]) -> Tensor:
    """Little-endian float32 (N, C, H, W) of a few pictures."""
    inputs = np.stack([_input(trunk, path) for path in paths])
    return trunk.forward(inputs).astype("<f4")


def _input(trunk: Trunk, path: Path) -> Tensor:
    """One picture as the edge would hand it to the trunk, (3, H, W)."""
    return trunk.preprocess(pictures.read(path))


def _key(trunk: Trunk, paths: Sequence[Path]) -> str:
    contents = [hashlib.sha256(read_bytes(path)).hexdigest() for path in paths]
    whole = [trunk.spec.digest, trunk.engine, trunk.precision, list(trunk.spec.shape), contents]
    return f"{trunk.spec.name}-{hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:32]}"


def _header(shape: tuple[int, ...]) -> bytes:
    """The beginning of an `.npy` file of little-endian float32."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()
