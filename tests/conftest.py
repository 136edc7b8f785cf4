"""Which tests run beside each other: those of a file on one worker, and those of files that share an estate, too."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every file be a group of pytest-xdist (``--dist loadgroup``) where it does not name one that it belongs to."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
