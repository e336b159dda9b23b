"""Found first on the path of a subprocess: every connection fails."""

from __future__ import annotations

import socket


def _closed(*_args: object, **_options: object) -> None:
    raise OSError("the tests have no network")


socket.socket.connect = _closed
socket.socket.connect_ex = _closed
socket.getaddrinfo = _closed
