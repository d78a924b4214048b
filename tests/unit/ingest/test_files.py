"""Which files a pattern names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transforms.ingest.errors import InputError
from transforms.ingest.files import (
    FileRef,
    open_file,
    split_patterns,
    unreadable,
)
from transforms.ingest.listing import check_patterns, list_files
from transforms.model import DeadLetter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/1.xml", "a/b/2.xml", "a/b/.3.xml", "c/4.zip", "c/5,6.xml", "c/[7].xml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    return tmp_path


def names(folder: Path, *patterns: str) -> list[str]:
    found = list(list_files([str(folder / pattern) for pattern in patterns]))
    assert all(isinstance(match, FileRef) for match in found)
    return [os.path.relpath(match.path, folder) for match in found if isinstance(match, FileRef)]


def test_a_file_with_its_time_in_micros_and_its_size(folder: Path) -> None:
    path = str(folder / "a/1.xml")
    assert list(list_files(path)) == [FileRef(path, 1_700_000_000_123_456, 7)]


def test_a_folder_is_every_file_below_it_hidden_ones_too(folder: Path) -> None:
    assert names(folder, "a") == ["a/1.xml", "a/b/.3.xml", "a/b/2.xml"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*.xml", ["a/1.xml"]),
        ("a/**/*.xml", ["a/1.xml", "a/b/.3.xml", "a/b/2.xml"]),
        ("a*", ["a/1.xml", "a/b/.3.xml", "a/b/2.xml"]),
        ("c/[7].xml", ["c/[7].xml"]),
        ("c/5,6.xml", ["c/5,6.xml"]),
        ("?/[14].*", ["a/1.xml", "c/4.zip"]),
    ],
)
def test_globs_and_names_that_look_like_globs(folder: Path, pattern: str, expected: list[str]) -> None:
    assert names(folder, pattern) == expected


def test_patterns_that_overlap_name_a_file_once(folder: Path) -> None:
    assert names(folder, "a", "a/1.xml", "a/**", "./a/../a/1.xml", "a/b") == ["a/1.xml", "a/b/.3.xml", "a/b/2.xml"]


def test_lists_with_commas_home_folders_and_file_urls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    patterns = f"~/a/1.xml, c/4.zip,file://{folder}/%61,,gs://b/x*"
    assert split_patterns(patterns) == [
        f"{folder}/a/1.xml",
        f"{folder}/c/4.zip",
        f"{folder}/a",
        "gs://b/x*",
    ]


def test_a_pattern_that_matches_nothing_is_an_error_that_says_where_it_ends(folder: Path) -> None:
    with pytest.raises(InputError, match=f"nada/\\*.xml matches no file.* exists is {folder}/a$"):
        check_patterns([str(folder / "a"), str(folder / "a/nada/*.xml")])
    (folder / "vazia").mkdir()
    with pytest.raises(InputError, match="vazia is a folder without files"):
        check_patterns(str(folder / "vazia"))
    with pytest.raises(InputError, match="no input"):
        check_patterns(" , ")
    with pytest.raises(InputError, match="nada.xml"):
        list(list_files([str(folder / "a"), str(folder / "nada.xml")]))
    check_patterns([str(folder / "a"), str(folder / "c/*.zip")])


def test_links_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "a/b/volta").symlink_to(folder / "a")
    (folder / "a/c").symlink_to(folder / "c")
    assert names(folder, "a") == ["a/1.xml", "a/b/.3.xml", "a/b/2.xml", "a/c/4.zip", "a/c/5,6.xml", "a/c/[7].xml"]


def test_a_link_to_nothing_is_a_file_that_cannot_be_read(folder: Path) -> None:
    link = folder / "a/b/quebrado.xml"
    link.symlink_to(folder / "nada.xml")
    (broken,) = [match for match in list_files(str(folder / "a")) if isinstance(match, FileRef) and match.size == 0]
    with pytest.raises(FileNotFoundError) as caught:
        open_file(broken.path)
    letter = unreadable(broken, caught.value)
    assert letter == DeadLetter(
        "unreadable_file",
        f"{link}: the file cannot be read: No such file or directory",
        "ingest",
        str(link),
        b"",
        0,
        0,
    )


def test_a_pipe_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "a/pipe")
    assert "a/pipe" not in names(folder, "a")
    with pytest.raises(InputError):
        check_patterns(str(folder / "a/pipe"))
    with pytest.raises(OSError, match="not a regular file"):
        open_file(str(folder / "a/pipe"))


def test_a_name_that_is_no_utf8_has_an_origin_that_can_be_written(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/nota\xe7.xml"
    with open(path, "wb") as file:
        file.write(b"<a/>")
    (match,) = list_files(str(tmp_path))
    assert isinstance(match, FileRef)
    assert match.origin == f"{tmp_path}/nota\\xe7.xml"
    with open_file(match.path) as stream:
        assert stream.read() == b"<a/>"


def test_errors_that_may_pass_are_not_dead_letters() -> None:
    assert unreadable(FileRef("/a", 0, 0), OSError(24, "Too many open files")) is None
    assert unreadable(FileRef("/a", 0, 0), ValueError("a bug")) is None
    assert unreadable(FileRef("gs://b/a", 0, 0), ConnectionResetError()) is None
    letter = unreadable(FileRef("gs://b/a", 7, 0), PermissionError(13, "Permission denied"))
    assert letter is not None and (letter.code, letter.received_at) == ("unreadable_file", 7)
