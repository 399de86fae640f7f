"""`trunkline demo`: edge and tasks as local processes, and photographs through them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trunkline.client import EdgeClient
from trunkline.command import Command
from trunkline.commands import line_options
from trunkline.demo import photographs
from trunkline.files import write_bytes


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the demo's options."""
    line_options.configure(parser)
    parser.add_argument(
        "--once",
        action="store_true",
        help="end after the pictures: with 0 if cat and person were found",
    )


def run(arguments: argparse.Namespace) -> int:
    """Bring the line up, send the pictures, show what came back."""
    with line_options.running_line(arguments) as line:
        print(f"up: {line.config.url} with {', '.join(line.config.task_ports)}", flush=True)
        client = EdgeClient(line.config.url)
        answers = {name: _show(client, name, arguments.out) for name in photographs.NAMES}
        if arguments.once:
            return _judge(answers)
        url = line.config.url
        return line_options.wait(line, f"\nthe line stays up at {url} (docs at /docs) until Ctrl-C")


def _show(client: EdgeClient, name: str, out: Path) -> dict[str, Any]:
    """Send one picture, print its answer, write picture and mosaic."""
    from trunkline.demo import drawing
    from trunkline.demo.report import describe

    data = photographs.read(name)
    answer = client.infer(data, {})
    jpeg = photographs.jpeg_bytes(data)
    frame = answer["frame"]["payload_bytes"]
    print(
        f"\n{name}.jpg: {len(data)} bytes; squashed to 224 x 224, {jpeg} as JPEG "
        f"and {frame} as frame ({frame / jpeg:.0%})"
    )
    print("\n".join(describe(answer)), flush=True)
    drawing.write(out / f"{name}.annotated.png", data, answer)
    write_bytes(out / f"{name}.mosaic.png", client.encode(data, {"codec": "png"}))
    print(f"  {'written':<11} {out / name}.annotated.png, {out / name}.mosaic.png")
    return answer


def _judge(answers: dict[str, dict[str, Any]]) -> int:
    """0 where everything expected was found; else 1, and what was not on stderr."""
    from trunkline.demo.expectations import disappointments

    missed = disappointments(answers)
    for line in missed:
        print(f"trunkline demo: {line}", file=sys.stderr)
    return 1 if missed else 0


command = Command(
    help="edge and tasks in local processes, photographs through them, results printed",
    configure=configure,
    run=run,
    extra=line_options.EXTRA,
    requires=line_options.REQUIRES,
)
