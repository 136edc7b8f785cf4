"""Labs for tests, and estates that the files of a folder share: each file says in its PART what it has in there."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from lab.thread import LoopThread
from playbook.estate import Lab

P = TypeVar("P")

# Each lab gets addresses of its own, so that nothing is left over from the one before, and tests may run side by side.
_NETWORKS = itertools.count()

_NETWORK_PORT = 20999  # UDP: who holds it has the network


@cache
def _own_networks() -> tuple[str, socket.socket]:
    """Return the first two numbers of this process's addresses, and what keeps them from other test runs."""
    for number in range(200):
        network = f"127.{40 + (os.getpid() + number) % 200}"
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((f"{network}.0.1", _NETWORK_PORT))
        except OSError:
            holder.close()
        else:
            return network, holder
    raise RuntimeError("every network of the loopback interface is taken")


@contextmanager
def new_lab(folder: Path, loop: LoopThread) -> Iterator[Lab]:
    """A lab, switched off in the end."""
    network, _holder = _own_networks()
    lab = Lab(folder / "lab", loop, f"{network}.{2 * next(_NETWORKS) % 250}")
    try:
        yield lab
    finally:
        lab.stop()


def parts(items: Sequence[pytest.Item], kind: type[P]) -> list[P]:
    """The PART of each file of which a test was chosen, where it is of that kind."""
    modules = dict.fromkeys(item.module for item in items if isinstance(item, pytest.Function))
    found = [getattr(module, "PART", None) for module in modules]
    return [part for part in found if isinstance(part, kind)]
