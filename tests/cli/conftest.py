"""Tiny checkpoints and data on a desk of their own; no network."""

from __future__ import annotations

import socket

import pytest
from support.workbench import cache, desk, forward_passes, one_thread, shelf

__all__ = ["cache", "desk", "forward_passes", "no_network", "one_thread", "shelf"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def closed(*_args, **_options):
        raise OSError("the tests have no network")

    monkeypatch.setattr(socket.socket, "connect", closed)
    monkeypatch.setattr(socket.socket, "connect_ex", closed)
    monkeypatch.setattr(socket, "getaddrinfo", closed)
