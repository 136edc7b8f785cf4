"""The files of a status: what is refused beforehand, and how they are written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._files import FORMATS, Target, targets, write

from fakes.status import calm, evening


def test_every_format_by_its_ending(tmp_path: Path) -> None:
    names = [f"{tmp_path}/estate{ending}" for ending in FORMATS]
    assert [target.ending for target in targets(["\n".join(names)])] == list(FORMATS)
    assert targets(names) == targets([f"{name}\n" for name in names])


@pytest.mark.parametrize("given", [None, [], [""], [" ", " \n"]])
def test_nothing_to_write(given: list[str] | None) -> None:
    assert targets(given) == []


def test_a_file_is_where_the_working_directory_or_a_link_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "www").mkdir()
    (tmp_path / "estate.html").symlink_to(tmp_path / "www/index")
    assert targets(["a.HTML", "~/a.HTML", "./a.HTML"]) == [Target(tmp_path / "a.HTML", ".html")]
    assert targets(["estate.html"]) == [Target(tmp_path / "www/index", ".html")]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "estate.xlsx",
            '"{folder}/estate.xlsx" does not end like a format that is known. Use one of .html, .json, .csv',
        ),
        ("estate", "does not end like a format"),
        (".html", "does not end like a format"),
        ("none/estate.html", "the folder of {folder}/none/estate.html does not exist"),
        ("file/estate.html", "the folder of {folder}/file/estate.html does not exist"),
        ("folder.html", "{folder}/folder.html is not a file"),
        ("pipe.prom", "{folder}/pipe.prom is not a file"),
        ("a\x00.html", "is no path of a file"),
        ("/proc/estate.html", "no file can be made in /proc: "),  # nobody can, root neither
        ("loop.html", "is no path of a file|is not a file"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.prom")
    (tmp_path / "loop.html").symlink_to("loop.html")
    with pytest.raises(Invalid) as refused:
        targets([f"{tmp_path}/good.html", str(tmp_path / name)])
    assert any(part.format(folder=tmp_path) in str(refused.value) for part in says.split("|"))
    assert not (tmp_path / "good.html").exists()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o644), (0o077, 0o600)])
def test_a_file_is_replaced_as_a_whole(tmp_path: Path, umask: int, mode: int) -> None:
    (target,) = targets([f"{tmp_path}/estate.json"])
    before = os.umask(umask)
    try:
        write(target, evening())
        first = target.path.stat()
        reader = target.path.open(encoding="utf-8")
        write(target, calm())
    finally:
        os.umask(before)
    with reader:
        assert "CHG0042517" in reader.read(), "who reads it meanwhile reads the one before to its end"
    assert "CHG0042517" not in target.path.read_text(encoding="utf-8")
    assert stat.S_IMODE(first.st_mode) == mode
    assert [each.name for each in tmp_path.iterdir()] == ["estate.json"]


def test_a_folder_that_is_gone_meanwhile(tmp_path: Path) -> None:
    (target,) = targets([f"{tmp_path}/estate.json"])
    tmp_path.rmdir()
    with pytest.raises(Failure, match=r"Could not write the status to .*estate.json: No such file or directory\."):
        write(target, calm())


def test_what_is_left_after_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it, and nothing else."""
    (target,) = targets([f"{tmp_path}/estate.json"])
    write(target, evening())

    def full(self: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Failure, match="No space left on device"):
        write(target, calm())
    assert [each.name for each in tmp_path.iterdir()] == ["estate.json"]
    assert "CHG0042517" in target.path.read_text(encoding="utf-8")
