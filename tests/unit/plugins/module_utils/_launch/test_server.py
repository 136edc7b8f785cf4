"""What can be told from the server's start page."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import dotted, find_version


@pytest.mark.parametrize(
    ("page", "version"),
    [
        ('<div class="productVersion">v. 7.1.2.1.1090</div>', (7, 1, 2, 1, 1090)),
        ('<div class="productVersion">8.0.1</div>', (8, 0, 1)),
        ('i18n("version %s", "6.2.3.0")', (6, 2, 3, 0)),
        ('i18n("version %s", "v. 6.2.3.0")', (6, 2, 3, 0)),
        ("<title>Sign in</title> 127.0.0.1", None),
        ("", None),
    ],
)
def test_version_is_found_on_the_page(page: str, version: tuple[int, ...] | None) -> None:
    assert find_version(page) == version


def test_version_in_a_sentence() -> None:
    assert dotted((7, 0, 2)) == "version 7.0.2"
    assert dotted(None) == "this version"
