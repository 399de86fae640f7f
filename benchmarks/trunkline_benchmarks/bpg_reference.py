"""Our .bpg files beside the reference encoder's: bytes, error and delta rate on the same mosaics.

python -m trunkline_benchmarks.bpg_reference [--shared DIR] [--output F.json]

The mosaics, and what bpgenc 0.9.8 (HM core, effort 8) makes of them at eight qp, lie in
`golden/bpg/reference40.{npz,json}` of the folder that TRUNKLINE_SHARED names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from trunkline.codecs.bpg import Bpg
from trunkline.codecs.bpg.x265 import EFFORTS
from trunkline.errors import TrunklineError
from trunkline.files import read_bytes
from trunkline.types import Samples
from trunkline_benchmarks import machine
from trunkline_benchmarks.bdrate import delta_rate
from trunkline_training.progress import progress

LARGEST_QP = 36
"""Beyond it a mosaic is all but gone and the curves say little."""

Pair = tuple[int, float]
"""Bytes of a file and mean squared error of its mosaic."""


def main() -> int:
    """Measure, print the table, write the samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = os.environ.get("TRUNKLINE_SHARED", "../shared")
    parser.add_argument("--shared", type=Path, default=Path(shared), help="(%(default)s)")
    parser.add_argument("--output", type=Path, help="where the raw samples go, as JSON")
    arguments = parser.parse_args()
    try:
        result = measure(arguments.shared / "golden" / "bpg")
    except TrunklineError as error:
        print(f"bpg_reference: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(result)))
    if arguments.output:
        arguments.output.write_text(json.dumps(result) + "\n")
    return 0


def measure(folder: Path) -> dict[str, Any]:
    """Bytes and errors by encoder, qp and mosaic. Raises TrunklineError where files are missing."""
    theirs = json.loads(read_bytes(folder / "reference40.json"))
    mosaics: list[Samples] = list(np.load(folder / "reference40.npz")["mosaics"])
    qps = [qp for qp in map(int, theirs) if qp <= LARGEST_QP]
    encoders = {
        "reference": {
            qp: list(zip(theirs[str(qp)]["bytes"], theirs[str(qp)]["mse"], strict=True))
            for qp in qps
        }
    }
    rounds = [(effort, qp) for effort in range(len(EFFORTS)) for qp in qps]
    for effort, qp in progress(rounds, len(rounds), "qp"):
        ours = encoders.setdefault(f"effort {effort}", {})
        ours[qp] = [_coded(Bpg(qp=qp, effort=effort), mosaic) for mosaic in mosaics]
    return {"machine": machine.describe(), "encoders": encoders}


def table(result: dict[str, Any]) -> list[str]:
    """Means as Markdown, beside the reference's."""
    encoders: dict[str, dict[int, list[Pair]]] = result["encoders"]
    reference = encoders["reference"]
    lines = [
        "| | " + " | ".join(f"qp {qp}" for qp in reference) + " | delta rate |",
        "|---|" + "---|" * (len(reference) + 1),
    ]
    for name, by_qp in encoders.items():
        cells = [_cell(by_qp[qp], reference[qp], name == "reference") for qp in reference]
        rate = delta_rate(_curve(reference), _curve(by_qp)).percent
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {rate:+.2f} % |")
    return lines


def _coded(codec: Bpg, mosaic: Samples) -> Pair:
    """What becomes of one mosaic."""
    file = codec.encode(mosaic)
    back = codec.decode(file, mosaic.shape)
    return len(file), float(np.mean((back.astype(np.float64) - mosaic) ** 2))


def _cell(ours: list[Pair], theirs: list[Pair], is_reference: bool) -> str:
    """Mean bytes and mse, plain or in per cent more than the reference's."""
    size, error = np.mean(ours, axis=0)
    if is_reference:
        return f"{size:.0f} B, mse {error:.2f}"
    more_size, more_error = 100 * (np.mean(ours, axis=0) / np.mean(theirs, axis=0) - 1)
    return f"{more_size:+.1f} %, mse {more_error:+.1f} %"


def _curve(by_qp: dict[int, list[Pair]]) -> list[tuple[float, float]]:
    """Per qp mean bytes and mean PSNR in dB."""
    return [
        (
            float(np.mean([size for size, _ in pairs])),
            float(np.mean([10 * np.log10(255**2 / error) for _, error in pairs])),
        )
        for pairs in by_qp.values()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
