"""What a task may be called, and where it may be."""

from __future__ import annotations

import re

from trunkline.errors import ParameterError
from trunkline.text import shown

TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
TRUNK = "trunk"
"""What a model folder's files of the trunk are called."""
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_PORT = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT = 65535


def check_task_name(name: str) -> None:
    """Raise ParameterError for what no task may be called."""
    if not TASK_NAME.fullmatch(name):
        raise ParameterError(
            f"'{shown(name, 80)}' is no task's name: expected letters, digits, - and _, at most 64"
        )


def check_tail_name(name: str) -> None:
    """Raise ParameterError for a task that no tail may be of: its files lie beside the trunk's."""
    check_task_name(name)
    if name.casefold() == TRUNK:
        raise ParameterError(
            f"'{name}' is the name of the trunk's own files: expected another; give --task"
        )


def check_address(address: str) -> None:
    """Raise ParameterError for what is no host and port; an IPv6 address stands in brackets."""
    host, _, port = address.rpartition(":")
    number = int(port) if _PORT.fullmatch(port) else 0
    if not _HOST.fullmatch(host) or not 0 < number <= _HIGHEST_PORT:
        raise ParameterError(
            f"'{shown(address, 80)}' is no HOST:PORT: expected a host's name or address, and a "
            f"port from 1 to {_HIGHEST_PORT}"
        )
