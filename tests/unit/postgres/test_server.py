"""Where the test server's programs come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.postgres import find_programs
from local.stack import StackError


def test_a_folder_without_the_programs_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    with pytest.raises(StackError, match="apt-get install postgresql"):
        find_programs()


def test_the_folder_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    assert find_programs() == tmp_path


def test_programs_on_the_path_are_found_through_their_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, links = tmp_path / "16" / "bin", tmp_path / "links"
    real.mkdir(parents=True)
    links.mkdir()
    for name in ("initdb", "postgres"):
        (real / name).touch(mode=0o755)
    (links / "initdb").symlink_to(real / "initdb")
    monkeypatch.delenv("POSTGRES_BIN", raising=False)
    monkeypatch.setenv("PATH", str(links))
    assert find_programs() == real
