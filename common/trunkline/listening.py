"""Sockets that services listen on."""

from __future__ import annotations

import os
import socket

from trunkline.errors import UnavailableError

BACKLOG = 2048


def on(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; `shared` lets other processes listen on the same port (SO_REUSEPORT).

    Raises UnavailableError where the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=shared)
    except OSError as error:
        # a failed look-up of the name has words of its own and a negative number
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else str(error.strerror)
        raise UnavailableError(
            f"cannot listen on {host}:{port}: {reason.lower()}; choose another with --host, --port"
        ) from error
