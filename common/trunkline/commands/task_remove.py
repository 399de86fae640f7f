"""`trunkline task remove`: a task fewer for a running edge."""

from __future__ import annotations

import argparse
import json

from trunkline.client import EdgeClient
from trunkline.command import Command
from trunkline.commands import edge_admin
from trunkline.names import check_task_name


def run(arguments: argparse.Namespace) -> int:
    """Have the edge forget the task; what it was sent is finished."""
    check_task_name(arguments.name)
    EdgeClient(arguments.edge).delete_task(arguments.name, edge_admin.token(arguments))
    gone = {"name": arguments.name, "state": "removed"}
    print(json.dumps(gone) if arguments.json else f"{arguments.name}: removed")
    return 0


command = Command(
    help="have a running edge send a task no more frames",
    configure=edge_admin.configure,
    run=run,
)
