"""Whether a port is free, and who has it."""

from __future__ import annotations

import errno
import socket

import psutil

from infra.local.errors import LocalError


def check_free(port: int, what: str, variable: str) -> None:
    """Make sure that a port of 127.0.0.1 can be listened on.

    Raises
    ------
    LocalError
        Saying which port, who has it as far as can be seen, and which variable chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LocalError(f"Port {port} ({what}) cannot be used: {error.strerror}. Set {variable}.") from error
            raise LocalError(
                f"Port {port} ({what}) is taken by {holder(port)}. "
                f"End that process, or choose another port: {variable}={port + 100} make up"
            ) from error


def holder(port: int) -> str:
    """Who listens on a port: name and pid, as far as this user may see."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            if connection.pid is None:
                break
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                break
    return "another program"
