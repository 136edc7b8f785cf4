"""One system of a registered kind in the lab: all that the contract has to know of a product."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from playbook.estate import Lab


class LabSystem(ABC):
    """A system that is not in maintenance mode, and not yet started: ``__init__`` adds it to the lab's estate.

    Its inventory host is called ``host``, is in the group of its kind, and has the options that keep waits and retries
    short. The test asks and changes it while the lab runs.
    """

    REFUSAL: ClassVar[str]
    """What it says while it refuses (a regular expression); the user has to read that."""

    VERIFIED: ClassVar[bool | None] = True
    """What the row says of a mode that is on: None where nobody can see whether the mode is in effect."""

    def __init__(self, lab: Lab, host: str) -> None:
        self.lab = lab
        self.host = host
        self.add()

    @abstractmethod
    def add(self) -> None:
        """Add it to the lab's estate and inventory as ``self.host``."""

    @abstractmethod
    def in_maintenance(self) -> bool:
        """Whether it really is in maintenance mode."""

    @abstractmethod
    def state(self) -> Any:
        """What must be as before after a switch there and back."""

    @abstractmethod
    def requests(self) -> int:
        """How many requests arrived so far."""

    @abstractmethod
    def writes(self) -> int:
        """How many of them would have changed something."""

    @abstractmethod
    def heard(self) -> str:
        """What it logs of its clients."""

    @abstractmethod
    def refuse(self, on: bool) -> None:
        """It refuses to be switched, or does no more."""

    @abstractmethod
    def cut_off(self, on: bool) -> None:
        """Nobody answers at its address, or somebody does again."""

    @abstractmethod
    def hold(self, on: bool) -> None:
        """The next switch, in or out, gets as far as its middle and waits there, or goes on.

        Where one request does it all: that was carried out, and its answer does not come.
        """

    @abstractmethod
    def held(self) -> bool:
        """Whether a switch is in its middle: something was written, and something is still to come."""


def lab_system(name: str) -> type[LabSystem]:
    """The class of a registered system. Raises ``LookupError`` if there is none."""
    file = f"tests/contract/systems/{name}.py"
    if importlib.util.find_spec(f"contract.systems.{name}") is None:
        raise LookupError(f"the registered system {name} has no {file}, which builds one in the lab")
    found = getattr(importlib.import_module(f"contract.systems.{name}"), "LabSystem", None)
    if not (isinstance(found, type) and issubclass(found, LabSystem)):
        raise LookupError(f"{file} has no class LabSystem that is one of contract.lab_system.LabSystem")
    return found
