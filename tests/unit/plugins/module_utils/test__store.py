"""The names of the files, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, FileStore, file_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://launch.example.com:8443", "launch-launch.example.com%3A8443.json"),
        ("HTTPS://Launch.Example.com:8443/", "launch-launch.example.com%3A8443.json"),
        ("https://launch.example.com", "launch-launch.example.com%3A443.json"),
        ("http://launch.example.com/", "launch-launch.example.com%3A80.json"),
        ("https://launch.example.com/Prod//", "launch-launch.example.com%3A443%2FProd.json"),
        ("https://[2001:db8::1]:8443", "launch-%5B2001%3Adb8%3A%3A1%5D%3A8443.json"),
        ("https://[2001:db8::1]", "launch-%5B2001%3Adb8%3A%3A1%5D%3A443.json"),
        ("../../etc/passwd", "launch-%3A443.json"),
    ],
)
def test_a_server_has_one_file(url: str, name: str) -> None:
    assert file_name("launch", url) == name


def test_a_long_name_is_cut_to_what_a_file_system_takes() -> None:
    names = {file_name("launch", f"https://{'a' * 250}.example.com/{number}") for number in range(3)}
    assert len(names) == 3
    assert max(map(len, names)) < 100


def test_store(tmp_path: Path) -> None:
    store, other = (FileStore("a.json", str(tmp_path)) for _unused in range(2))
    assert store.stored().text is None
    assert store.replace(None, "one").text == "one"
    with pytest.raises(Conflict, match=f"Could not write the record on the file {tmp_path}/a.json: it was changed"):
        other.replace(None, "two")
    assert other.replace("one", "two").now.tzinfo is not None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "Permission denied",
            "Could not read the record on the file /x/a.json on store01: Permission denied. This account must",
        ),
        ("text", "it is not UTF-8 text. Use the version of the collection that wrote it, or move the file away"),
        ("locked", "another program held its lock for 10 s"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_way_out(error: str, says: str) -> None:
    def ask(_request: dict[str, Any]) -> dict[str, Any]:
        return {"now": 0.0, "path": "/x/a.json", "error": error}

    with pytest.raises(Failure) as failure:
        FileStore("a.json", "", ask, "store01").stored()
    assert says in str(failure.value)
    assert "O(store_" in str(failure.value) or error == "locked"
