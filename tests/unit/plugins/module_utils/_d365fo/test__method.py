"""Which way for which kind of environment."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._method import METHODS, choose
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._webconfig import kind_of

VHD = kind_of("usnconeboxax1aos.cloud.onebox.dynamics.com")
AZURE = kind_of("dev01-devaos.cloudax.dynamics.com")
TIER1 = kind_of("x.sandbox.ax.dynamics.com")
TIER2 = kind_of("x.sandbox.operations.eu.dynamics.com")
OTHER = kind_of("erp.example.com")


@pytest.mark.parametrize(
    ("wanted", "kind", "script", "method"),
    [
        ("auto", VHD, False, "setup_tool"),
        ("auto", AZURE, False, "sql"),
        ("auto", OTHER, False, "sql"),
        ("auto", kind_of(""), False, "sql"),
        ("auto", "on_premises", True, "script"),
        # any choice can be overridden ...
        ("sql", VHD, False, "sql"),
        ("setup_tool", AZURE, False, "setup_tool"),
        ("sql", "on_premises", True, "sql"),
        ("script", OTHER, True, "script"),
        # ... but for what Microsoft manages
        *((wanted, kind, False, "managed") for wanted in METHODS for kind in (TIER1, TIER2)),
    ],
)
def test_choose(wanted: str, kind: str, script: bool, method: str) -> None:
    assert choose(wanted, kind, script=script) == method
