"""The hosts of a play that switches a wave, or that looks at the options before the first one."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.lookup import systems
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.actions import HostVars

HOSTS = ["launch01", "dev01", "dev02"]


@pytest.mark.parametrize(
    ("members", "lost", "hosts"),
    [
        pytest.param({"launch01": "launch", "dev01": "d365fo"}, (), ["launch01,dev01"], id="two waves"),
        pytest.param({"dev01": "d365fo", "dev02": "lcs"}, (), [systems.NOBODY], id="one wave"),
        pytest.param({"launch01": "launch", "dev01": "d365fo"}, ("dev01",), ["launch01"], id="one failed before"),
    ],
)
def test_whose_options_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, str], lost: tuple[str, ...], hosts: list[str]
) -> None:
    """Not of what failed before this run: it is not put into maintenance mode, and may have no facts for them."""
    monkeypatch.setattr(systems, "load", list)
    estate = Estate(tuple(Member(host, (system,)) for host, system in members.items()), register(), lost)
    known = HostVars({"launch01": {"quiesce_estate": estate.result()}})
    variables = {"hostvars": known, "groups": {"all": HOSTS}}
    assert systems.LookupModule().run(["options"], variables) == hosts
