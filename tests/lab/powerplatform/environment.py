"""An environment as it really is, and as it is shown for a while after a change."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

SYSTEM = "SYSTEM"


@dataclass(frozen=True)
class Mode:
    """What an administration mode request changes, and who asked for it."""

    runtime: str = "Enabled"
    background: str = "Enabled"
    requested_by: str = SYSTEM
    requester_type: str = "NotSpecified"


@dataclass
class FinOps:
    """The Finance + Operations apps of an environment: ``Internal`` is unified, ``Linked`` is hosted by LCS.

    ``url`` has a slash at its end. ``aos`` and ``batch_aos`` are how many there are outside of maintenance mode.
    """

    type: Literal["Internal", "Linked"] = "Internal"
    url: str = "https://contoso.operations.dynamics.example.com/"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deployment_type: str = "UnifiedSandbox"
    aos: int = 3
    batch_aos: int = 2


@dataclass
class Environment:
    """An environment. ``dataverse_url`` empty means that it has no Dataverse.

    ``disallowed`` has more operations that the service refuses, with its reason if it tells one. ``management`` is
    what it says of itself while no operation runs.
    """

    display_name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sku: str = "Sandbox"
    location: str = "europe"
    azure_region: str = "westeurope"
    dataverse_url: str = "https://contoso.crm4.dynamics.example.com"
    dataverse_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    domain_name: str = "contoso"
    finops: FinOps | None = field(default_factory=FinOps)
    management: str = "Ready"
    instance_state: str = "Ready"
    protection_level: str = "Basic"
    disallowed: dict[str, str] = field(default_factory=dict)
    created: str = "2025-09-27T07:08:27.6057592Z"
    changed_at: float = 0.0
    settle: Callable[[], None] = field(default=lambda: None, repr=False)  # brings operations to where they are now
    _mode: Mode = field(default_factory=Mode, repr=False)
    _before: Mode | None = field(default=None, repr=False)

    @property
    def mode(self) -> Mode:
        """What it is in, in truth."""
        self.settle()
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode, self._before = mode, None

    @property
    def in_maintenance(self) -> bool:
        """Whether its Finance + Operations apps are in maintenance mode in truth [G: no public word of it]."""
        return self.mode.runtime == "AdminMode" and self.finops is not None and self.finops.type == "Internal"

    def change(self, mode: Mode, when: float) -> None:
        """Take ``mode`` over."""
        self._before, self.changed_at, self._mode = self._mode, when, mode

    def shown(self, now: float, lag: float) -> Mode:
        """What somebody sees at ``now`` who sees changes ``lag`` real seconds later."""
        self.settle()
        return self._before if self._before and now < self.changed_at + lag else self._mode
