"""The filter moment."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quiesce.maintenance.plugins.filter.moment import FilterModule


def test_moment() -> None:
    moment = FilterModule().filters()["moment"]
    assert moment("2h", since="2026-11-24T22:00:00+01:00") == "2026-11-24T23:00:00Z"
    assert moment("2026-11-24T22:00:00+01:00") == "2026-11-24T21:00:00Z"
    for wrong in (("soon", None), ("2h", "soon"), ("2026-11-24T22:00:00", None)):
        with pytest.raises(AnsibleFilterError, match=r"moment: .*(neither a time|no time zone)"):
            moment(*wrong)
