"""The inputs of a job on this machine, counted before it starts, from a listing that is made once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipelines import sizing
from pipelines.sizing import Listed, inputs_in, measure


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three inputs: two in an archive, and one beside it."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/1.xml", "<a/>")
        archive.writestr("2.xml", "<a/>")
    (tmp_path / "b.xml").write_bytes(b"<a/>")
    return tmp_path


def test_files_are_listed_once_as_far_as_anybody_looks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "c.xml").write_bytes(b"<a/>")
    listed, listing = list[str](), sizing.list_files

    def list_files(patterns: str):  # type: ignore[no-untyped-def]
        for file in listing(patterns):
            listed.append(Path(file.origin).name)
            yield file

    monkeypatch.setattr(sizing, "list_files", list_files)
    files = Listed(str(folder))
    assert measure(files, most=1).files == 1
    assert listed == ["a.zip", "b.xml"], "and one more, by which it is known that there are more"
    assert inputs_in(files) == 4 and measure(files).files == 3
    assert listed == ["a.zip", "b.xml", "c.xml"]


def test_inputs_are_counted_where_names_and_the_directories_of_archives_tell_them(folder: Path) -> None:
    assert inputs_in(Listed(str(folder))) == 3
    (folder / "c.tar").write_bytes(b"")
    assert inputs_in(Listed(str(folder))) is None
    assert inputs_in(Listed("gs://bucket/*.xml")) is None


def test_many_files_and_what_is_no_archive_are_not_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "_LISTED", 1)
    assert inputs_in(Listed(str(folder))) is None
    monkeypatch.undo()
    (folder / "a.zip").write_bytes(b"no archive")
    assert inputs_in(Listed(str(folder))) is None
