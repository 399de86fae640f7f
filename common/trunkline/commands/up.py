"""`trunkline up`: the demo's line without its pictures."""

from __future__ import annotations

import argparse

from trunkline.command import Command
from trunkline.commands import line_options


def run(arguments: argparse.Namespace) -> int:
    """Bring the line up and keep it up until Ctrl-C."""
    with line_options.running_line(arguments) as line:
        tasks = ", ".join(line.config.task_ports)
        return line_options.wait(line, f"up: {line.config.url} with {tasks}, until Ctrl-C")


command = Command(
    help="edge and tasks in local processes, until Ctrl-C",
    configure=line_options.configure,
    run=run,
    extra=line_options.EXTRA,
    requires=line_options.REQUIRES,
)
