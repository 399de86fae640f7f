"""`trunkline up`: the demo's line without its pictures."""

from __future__ import annotations

import argparse

from trunkline.command import Command
from trunkline.commands import line_options


def run(arguments: argparse.Namespace) -> int:
    """Bring the line up and keep it up until Ctrl-C."""
    with line_options.running_line(arguments) as line:
        print(
            f"up: {line.config.url} with {', '.join(line.config.task_ports)}, until Ctrl-C",
            flush=True,
        )
        return line_options.wait(line)


command = Command(
    help="edge and tasks in local processes, until Ctrl-C",
    configure=line_options.configure,
    run=run,
    extra=line_options.EXTRA,
    requires=line_options.REQUIRES,
)
