"""The line as it stands: start-up, memory, bytes and milliseconds of one edge and two tasks.

python -m trunkline_benchmarks.line [--rounds N] [--output F.json]

Processes of this machine, one client, the demo's pictures. Times compare with nothing but each
other; what they would have to be compared with is measured by benchmarks of their own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trunkline.client import EdgeClient
from trunkline.demo import photographs
from trunkline.demo.line import Line, LineConfig
from trunkline_benchmarks import machine

QUERIES: dict[str, dict[str, object]] = {
    "bpg qp 32": {"codec": "bpg", "qp": 32},
    "bpg qp 35": {"codec": "bpg", "qp": 35},
    "bpg qp 35, effort 0": {"codec": "bpg", "qp": 35, "effort": 0},
    "webp quality 80": {"codec": "webp", "quality": 80},
    "png": {"codec": "png"},
    "raw": {"codec": "raw"},
}
WARM_UP = 5
IMPORTS = 11


def main() -> None:
    """Measure, print the table, write the samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="per picture and codec")
    parser.add_argument("--output", type=Path, help="where the raw samples go, as JSON")
    parser.add_argument("--port", type=int, default=18080)
    arguments = parser.parse_args()
    result = measure(arguments.rounds, arguments.port)
    print("\n".join(table(result)))
    if arguments.output:
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")


def measure(rounds: int, port: int) -> dict[str, Any]:
    """Everything that `table` shows, raw."""
    result: dict[str, Any] = {"machine": machine.describe(), "import_s": import_seconds()}
    ports = {"classifier": port + 1, "ssd": port + 2}
    logs = Path("out/benchmark-logs")
    started = time.perf_counter()
    with Line(LineConfig("mobilenet_v2", "keras-160", port, ports, logs)) as line:
        result["ready_s"] = time.perf_counter() - started
        client = EdgeClient(line.config.url)
        pictures = {name: photographs.read(name) for name in photographs.NAMES}
        for data in list(pictures.values()) * WARM_UP:
            client.infer(data, {})
        result["jpeg224_bytes"] = {
            name: photographs.jpeg_bytes(data) for name, data in pictures.items()
        }
        result["codecs"] = {
            label: _samples(client, pictures, query, rounds) for label, query in QUERIES.items()
        }
        result["rss_bytes"] = {
            name: machine.rss_bytes(process.pid) for name, process in line.processes.items()
        }
    return result


def import_seconds() -> list[float]:
    """Seconds of `python -c "import trunkline"`, whole processes."""
    seconds = []
    for _ in range(IMPORTS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import trunkline"], check=True)
        seconds.append(time.perf_counter() - started)
    return seconds


def table(result: dict[str, Any]) -> list[str]:
    """Medians as Markdown."""
    jpeg = statistics.median(result["jpeg224_bytes"].values())
    lines = [
        f"import trunkline: {statistics.median(result['import_s']):.3f} s; "
        f"edge and two tasks ready: {result['ready_s']:.1f} s; RSS "
        + ", ".join(f"{name} {rss / 2**20:.0f} MiB" for name, rss in result["rss_bytes"].items()),
        "",
        f"| frame | bytes (JPEG of 224 x 224: {jpeg:.0f}) | edge ms | fan-out ms | in all ms |",
        "|---|---|---|---|---|",
    ]
    for label, samples in result["codecs"].items():
        cells = [
            statistics.median(sample[key] for sample in samples)
            for key in ("payload_bytes", "edge_ms", "fanout_ms", "total_ms")
        ]
        lines.append(
            f"| {label} | {cells[0]:.0f} | " + " | ".join(f"{c:.1f}" for c in cells[1:]) + " |"
        )
    return lines


def _samples(
    client: EdgeClient, pictures: dict[str, bytes], query: dict[str, object], rounds: int
) -> list[dict[str, Any]]:
    return [
        _sample(name, client.infer(data, query))
        for _ in range(rounds)
        for name, data in pictures.items()
    ]


def _sample(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """One answer's figures. Raises RuntimeError for a partial one, which would look fast."""
    if not answer["complete"]:
        raise RuntimeError(f"{name}: not every task answered: {answer['tasks']}")
    timings = answer["timings_ms"]
    return {
        "picture": name,
        "payload_bytes": answer["frame"]["payload_bytes"],
        "wire_bytes": answer["frame"]["wire_bytes"],
        "edge_ms": timings["total"] - timings["fanout"],
        "fanout_ms": timings["fanout"],
        "total_ms": timings["total"],
        "stages_ms": timings,
    }


if __name__ == "__main__":
    main()
