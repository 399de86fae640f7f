"""`trunkline infer`: a picture through a running edge."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from trunkline.client import DEFAULT_TIMEOUT_S, DEFAULT_URL, EdgeClient
from trunkline.command import Command
from trunkline.commands import codec_options
from trunkline.files import read_bytes


def configure(parser: argparse.ArgumentParser) -> None:
    """Add picture, edge and query options."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="picture file")
    parser.add_argument("--edge", default=DEFAULT_URL, metavar="URL", help="(%(default)s)")
    parser.add_argument("--tasks", help="comma-separated names (all)")
    parser.add_argument("--top-k", type=int, help="how many classes or boxes at most")
    parser.add_argument("--score-threshold", type=float, help="least score of a box, 0..1")
    parser.add_argument("--timeout-ms", type=float, help="how long the tasks may take")
    parser.add_argument(
        "--annotate", type=Path, metavar="F.png", help="write the picture with what was found on it"
    )
    parser.add_argument("--json", action="store_true", help="print the edge's answer as it is")
    codec_options.configure(parser, default=None)


def run(arguments: argparse.Namespace) -> int:
    """Print the answer; 0 where every task answered, else 1."""
    from trunkline.demo.report import describe

    query = {
        "tasks": arguments.tasks,
        "codec": arguments.codec,
        "arrangement": arguments.arrangement,
        "bits": arguments.bits,
        "top_k": arguments.top_k,
        "score_threshold": arguments.score_threshold,
        "timeout_ms": arguments.timeout_ms,
        **codec_options.spelled(arguments),
    }
    timeout_s = DEFAULT_TIMEOUT_S + (arguments.timeout_ms or 0) / 1e3
    data = read_bytes(arguments.image)
    answer = EdgeClient(arguments.edge, timeout_s).infer(data, query)
    if arguments.annotate is not None:
        from trunkline.demo import drawing

        drawing.write(arguments.annotate, data, answer)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"{arguments.image}\n" + "\n".join(describe(answer)))
    return 0 if answer["complete"] else 1


command = Command(
    help="what the tasks of a running edge see in a picture", configure=configure, run=run
)
