"""What the modules document, as users copy it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from playbook import ROOT


def examples(module: str) -> list[dict[str, Any]]:
    """The tasks or plays of a module's EXAMPLES."""
    text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    found = re.search(r'EXAMPLES = r"""(.*?)"""', text, re.DOTALL)
    assert found
    shown: list[dict[str, Any]] = yaml.safe_load(found[1])
    return shown
