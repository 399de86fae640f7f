"""`trunkline task add`: a further task for a running edge."""

from __future__ import annotations

import argparse
import json

from trunkline.client import EdgeClient
from trunkline.command import Command
from trunkline.commands import edge_admin
from trunkline.names import check_address, check_task_name
from trunkline.text import shown


def configure(parser: argparse.ArgumentParser) -> None:
    """Name, address, edge, token."""
    edge_admin.configure(parser)
    parser.add_argument("address", metavar="HOST:PORT", help="where the task serves")


def run(arguments: argparse.Namespace) -> int:
    """Have the edge check the task and use it from the next picture on."""
    check_task_name(arguments.name)
    check_address(arguments.address)
    client = EdgeClient(arguments.edge)
    answer = client.put_task(arguments.name, arguments.address, edge_admin.token(arguments))
    if arguments.json:
        print(json.dumps(answer))
    else:
        # the model's name is whatever the task says
        words = f"{answer['state']} at {answer['address']}, {answer['model']}"
        print(f"{arguments.name}: {shown(words)}")
    return 0


command = Command(
    help="have a running edge send its frames to a task, too", configure=configure, run=run
)
