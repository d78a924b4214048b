"""Sharing out: whatever the shares, the same documents under the same origins."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ingest.packing import CHANGED, documents, raw_zip, tarred, with_flag, xml, zipped
from transforms.ingest import work
from transforms.ingest.archives import expand
from transforms.ingest.files import FileRef
from transforms.ingest.names import EntryNames, why_unsafe
from transforms.model import Expanded


def put(tmp_path: Path, payload: bytes, name: str = "a.zip") -> FileRef:
    path = tmp_path / name
    path.write_bytes(payload)
    return FileRef(str(path), CHANGED, len(payload))


def in_shares(file: FileRef) -> list[Expanded]:
    shares = work.shared_out(work.Batch.of([file]))
    assert len(shares) > 1
    assert all(isinstance(share, work.ZipShard) for share in shares)
    return [o for share in shares if isinstance(share, work.ZipShard) for o in work.read_shard(share)]


def as_a_whole(file: FileRef) -> list[Expanded]:
    with open(file.path, "rb") as stream:
        return list(expand(stream, file.origin, file.modified_at))


@pytest.fixture(autouse=True)
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SHARD_ENTRIES", 7)
    monkeypatch.setattr(work, "SHARD_BYTES", 500)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_shards_give_what_the_whole_archive_gives(tmp_path: Path) -> None:
    files = [(f"{n % 20}.xml", xml(n)) for n in range(50)]  # most names come twice, in different shards
    files[10:10] = [("pasta/", b""), ("../fora.xml", xml("fora")), ("b.zip", zipped([("c.xml", xml("c"))]))]
    file = put(tmp_path, with_flag(zipped(files), "5.xml", 0x1))
    assert in_shares(file) == as_a_whole(file)
    assert len(as_a_whole(file)) == 52
    assert f"{file.path}#3.xml~3" in documents(in_shares(file))


def test_shards_of_a_self_extracting_archive(tmp_path: Path) -> None:
    file = put(tmp_path, b"MZ" + bytes(5000) + zipped((f"{n}.xml", xml(n)) for n in range(50)))
    assert in_shares(file) == as_a_whole(file)


def test_a_large_entry_is_a_shard_of_its_own(tmp_path: Path) -> None:
    file = put(tmp_path, raw_zip((f"{n}.xml", xml("n" * (600 if n == 3 else 5))) for n in range(7)))
    shares = work.shared_out(work.Batch.of([file]))
    assert len(shares) == 3
    assert in_shares(file) == as_a_whole(file)


@pytest.mark.parametrize(
    "payload",
    [
        zipped((f"{n}.xml", xml(n)) for n in range(50))[:-30],
        tarred((f"{n}.xml", xml(n)) for n in range(50)),
        zipped((f"{n}.xml", xml(n)) for n in range(5)),
        b"<a>" + b"n" * 1000 + b"</a>",
    ],
    ids=["damaged zip", "tar", "small zip", "document"],
)
def test_what_cannot_be_shared_out_stays_whole(tmp_path: Path, payload: bytes) -> None:
    batch = work.Batch.of([put(tmp_path, payload)])
    assert work.shared_out(batch) == [batch]


@given(st.lists(st.integers(0, 9_000_000), max_size=400))
def test_batches_hold_every_file_once_in_order_and_are_small(sizes: list[int]) -> None:
    files = [FileRef(str(n), 0, size) for n, size in enumerate(sizes)]
    made = list(work.batches(files))
    assert sorted(itertools.chain.from_iterable(batch.files for batch in made)) == sorted(files)
    for batch in made:
        assert 1 <= len(batch.files) <= work.BATCH_FILES
        assert len(batch.files) == 1 or sum(file.size for file in batch.files) <= work.BATCH_BYTES


@given(st.lists(st.sampled_from(["a", "a~2", "a~2~2", "a~3", "b", "b~2"]), max_size=30))
def test_names_are_made_distinct_and_the_first_of_each_is_kept(given_names: list[str]) -> None:
    names = EntryNames()
    made = [names.distinct(name) for name in given_names]
    assert len(set(made)) == len(made)
    assert all(new.startswith(old) for old, new in zip(given_names, made, strict=True))
    if given_names:
        assert made[0] == given_names[0]


@given(st.text("ab./\\:\0C", max_size=12))
def test_a_name_that_is_not_refused_stays_inside(name: str) -> None:
    if why_unsafe(name) is None:
        assert ".." not in name.replace("\\", "/").split("/")
        assert not name.startswith(("/", "\\"))
        assert "\0" not in name
