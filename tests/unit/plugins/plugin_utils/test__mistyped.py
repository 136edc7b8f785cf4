"""Variables under a name that nobody reads."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._mistyped import refuse_mistyped

KNOWN = {
    "quiesce": lambda: ["window", "all_windows", "expires", "systems"],
    "window": lambda: ["work", "extend", "timezone"],
    "status": lambda: ["fail_on", "only", "windows"],
}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("quiesce_windw", "quiesce_window"),
        ("qiesce_window", "quiesce_window"),
        ("quiesce_expire", "quiesce_expires"),
        ("windwo_extend", "window_extend"),
        ("QUIESCE_WINDOW", "quiesce_window"),
        ("quiesce-window", "quiesce_window"),
        ("status_failon", "status_fail_on"),
        ("status_onyl", "status_only"),
    ],
)
def test_refused(variable: str, meant: str) -> None:
    with pytest.raises(Invalid, match=f"Did you mean {meant}") as caught:
        refuse_mistyped([404, "ansible_user", variable], KNOWN)
    assert caught.value.option == variable


@pytest.mark.parametrize("variable", ["quiesce_window", "quiesce_awx_image", "windows_timezone", "expires", "stat_x"])
def test_another_matter(variable: str) -> None:
    with pytest.raises(Invalid) as caught:
        refuse_mistyped([variable, "quiesce_windows"], KNOWN)
    assert caught.value.option == "quiesce_windows"
