"""Variables that a run may be given, as they are written in everything that comes with the collection."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from playbook import ROOT

NAME = re.compile(rf"\b(?:{'|'.join(['quiesce', 'window', 'status', *register()])})_[a-z0-9_]+\b")
FOLDERS = ("docs", "extensions", "playbooks", "roles", "README.md")
FILES = [
    file
    for folder in FOLDERS
    for file in [ROOT / folder, *(ROOT / folder).rglob("*")]
    if file.suffix in (".md", ".yml", ".j2")
]
NOT_GIVEN = {
    "d365fo__before",  # is set by the role
    "lcs_maintenance_mode",  # is a module
    "window_close",  # and window_open are entry points of the role
    "window_open",
    "window_extended",  # is registered by the playbook
}
# In a process of its own, with Ansible's loader for collections as ansible-playbook has it.
REFUSED = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible_collections.quiesce.maintenance.plugins.action.systems_info import _known
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._mistyped import refuse_mistyped
known, refused = _known(), []
for name in json.load(sys.stdin):
    try:
        refuse_mistyped([name], known)
    except Invalid:
        refused.append(name)
print(json.dumps(refused))
"""


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {name for file in FILES for name in NAME.findall(file.read_text(encoding="utf-8"))}


def test_no_name_that_we_use_is_taken_for_a_misspelled_one(used: set[str]) -> None:
    """Among them what AWX hands on: answers, what credentials inject, and the status of the nodes before."""
    # quiesce_windw is the example of the documentation.
    assert {"quiesce_store_key_file", "quiesce_status", "window_work", "launch_token_file"} <= used
    done = subprocess.run(
        [sys.executable, "-c", REFUSED], input=json.dumps(sorted(used)), capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) == {"quiesce_windw"} | NOT_GIVEN
