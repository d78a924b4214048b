from __future__ import annotations

import gzip
import json
import tarfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.generate import DEAD, Totals, archives, documents
from local.generate.__main__ import main, write_set
from local.generate.broken import CODES


def _entries(folder: Path) -> dict[str, bytes]:
    """Every input under a folder, by a path that tells the archive."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                found |= {f"{name}#{info.filename}": packed.read(info) for info in packed.infolist()}
        elif name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                found |= {f"{name}#{member.name}": tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        elif path.suffix == ".gz":
            found[name] = gzip.decompress(path.read_bytes())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def _manifest(out: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def test_the_set_holds_what_the_manifest_says(tmp_path: Path) -> None:
    assert (
        main(["--seed", "5", "--count", "600", "--out", str(tmp_path), "--broken", "0.03", "--duplicates", "0.05"]) == 0
    )
    entries, manifest = _entries(tmp_path / "input"), _manifest(tmp_path)
    expected = manifest["expected"]
    assert len(entries) == expected["files"] == 600
    assert sum(map(len, entries.values())) == expected["payload_bytes"]
    assert set(expected["dead_letters"]) == set(CODES)
    alive = expected["documents"] + expected["events"] + expected["voided_ranges"]
    assert alive + sum(expected["dead_letters"].values()) == expected["inputs"]
    assert expected["records"] + expected["duplicates"] == alive
    assert sum(manifest["example_key"].encode() in payload for payload in entries.values()) >= 3
    kinds = Counter(name.partition("#")[0].partition("/")[0] for name in entries)
    assert set(kinds) == {"documents-0001.zip", "documents-0001.tar.gz", "loose", "packed"}
    assert any(name.count("/") >= 3 for name in entries if ".zip#" in name)


def test_the_set_is_the_stream(tmp_path: Path) -> None:
    write_set(tmp_path, 6, 150, duplicates=0.1)
    assert Counter(_entries(tmp_path / "input").values()) == Counter(
        one.payload for one in documents(6, 150, duplicates=0.1)
    )


def test_the_same_arguments_write_the_same_archives(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_set(tmp_path / name, 7, 120, broken=0.05)
    first, second = tmp_path / "first", tmp_path / "second"
    paths = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(paths) > 10
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in paths)


@pytest.mark.parametrize(("kind", "suffixes"), [("zip", {".zip"}), ("tar.gz", {".gz"}), ("folder", {".xml", ".json"})])
def test_one_kind_of_archive_when_asked(tmp_path: Path, kind: str, suffixes: set[str]) -> None:
    write_set(tmp_path, 8, 60, kind)
    assert {path.suffix for path in (tmp_path / "input").rglob("*") if path.is_file()} == suffixes
    assert len(_entries(tmp_path / "input")) == 60


def test_a_large_set_is_cut_into_several_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_ENTRIES_PER_ARCHIVE", 25)
    write_set(tmp_path / "zips", 9, 60, "zip")
    write_set(tmp_path / "tars", 9, 60, "tar.gz")
    assert len(list((tmp_path / "zips" / "input").iterdir())) == 3
    assert len(list((tmp_path / "tars" / "input").iterdir())) == 3
    zips, tars = (_entries(tmp_path / name / "input") for name in ("zips", "tars"))
    assert len(zips) == 60
    assert list(zips.values()) == list(tars.values())


def test_paths_are_unique_within_a_set() -> None:
    inputs = documents(10, 2000, broken=0.1, duplicates=0.1)
    paths = [archives.entry_path(one, number) for number, one in enumerate(inputs)]
    assert len(set(paths)) == len(paths)


def test_stories_can_be_chosen(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--count", "40", "--story", "mdfe=2", "--story", "cte"]) == 0
    assert set(_manifest(tmp_path)["expected"]["types"]) == {"cte", "mdfe"}


def test_a_set_is_replaced_only_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path), "--count", "20"]
    assert main(arguments) == 0
    with pytest.raises(SystemExit):
        main(arguments)
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--seed", "9", "--force"]) == 0
    assert _manifest(tmp_path)["seed"] == 9


def test_other_peoples_files_are_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "precious.xml").write_text("<a/>")
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--force"])
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "input" / "precious.xml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "whole number above zero"),
        (["--count", "many"], "whole number above zero"),
        (["--broken", "1"], "from 0 to below 1"),
        (["--duplicates", "x"], "from 0 to below 1"),
        (["--story", "nothing"], "no story is called 'nothing'"),
        (["--story", "nfe=0"], "above zero"),
        (["--archive", "rar"], "invalid choice"),
    ],
)
def test_wrong_arguments_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "new"), *arguments])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "taken")])
    assert "is a file" in capsys.readouterr().err


def test_the_closing_line_tells_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path), "--count", "30", "--story", "nfe"])
    line = capsys.readouterr().out
    assert line.startswith("30 files (") and line.count("\n") == 1
    assert "30 inputs = 30 documents + 0 events + 0 voided ranges + 0 dead; 0 duplicates, 30 keys" in line


def test_totals_of_an_unreadable_input_count_its_code() -> None:
    totals = Totals()
    dead = next(one for one in documents(11, broken=0.5) if one.kind == DEAD)
    totals.add(dead)
    assert totals.as_json()["dead_letters"] == {dead.code: 1}
    assert (totals.inputs, totals.records, totals.keys) == (1, 0, 0)
