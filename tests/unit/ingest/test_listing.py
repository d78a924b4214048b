"""Listing as a stream and in ranges: every file once, and memory that does not grow with their number."""

from __future__ import annotations

import json
import os
import random
import threading
import tracemalloc
from bisect import bisect_left
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from apache_beam.internal.gcp import auth
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.ingest import buckets, patterns
from transforms.ingest.files import FileRef
from transforms.ingest.listing import check_patterns, list_files, listed, listings

BUCKET = "acervo-many"


def looking(names: list[str]) -> Callable[[str, str], list[str]]:
    def look(start: str, end: str) -> list[str]:
        return [name for name in names if name >= start and (not end or name < end)][: buckets.PAGE]

    return look


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), unique=True, max_size=60), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_ranges_hold_every_name_once_wherever_they_are_cut(names: list[str], page: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "PAGE", page)
        found = buckets.divide("p", looking(sorted("p" + name for name in names)))
    for name in names:
        assert sum("p" + name >= start and (not end or "p" + name < end) for start, end in found) == 1


def access_keys(count: int) -> list[str]:
    """Names as of a folder of documents: state, month, issuer, number."""
    chance = random.Random(7)
    states = ("35", "33", "31", "41", "43", "29")
    return sorted(
        f"2025/{chance.choice(states)}25{chance.randint(1, 12):02d}{chance.randint(10**13, 10**14 - 1)}{number:09d}.xml"
        for number in range(count)
    )


def test_a_flat_folder_is_divided_into_many_ranges_of_like_size() -> None:
    names = access_keys(200_000)
    looks = 0

    def look(start: str, end: str) -> list[str]:
        nonlocal looks
        looks += 1
        first = bisect_left(names, start)
        return names[first : min(first + 1000, bisect_left(names, end) if end else len(names))]

    found = buckets.divide("2025/", look)
    sizes = [(bisect_left(names, end) if end else len(names)) - bisect_left(names, start) for start, end in found]
    assert sum(sizes) == len(names)
    assert len(found) >= 64
    assert max(sizes) < len(names) / 20
    assert looks < 400


class ListingServer(ThreadingHTTPServer):
    """Answers objects.list as Cloud Storage documents it: order, offsets, pages of a thousand at most."""

    daemon_threads = True

    def __init__(self, names: list[str]) -> None:
        super().__init__(("localhost", 0), _Handler)
        self.names = sorted(names)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: ListingServer

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if unquote(urlsplit(self.path).path) != f"/storage/v1/b/{BUCKET}/o":
            self.send_error(404)  # the client also asks for the bucket itself, and does without
            return
        names, prefix = self.server.names, query.get("prefix", "")
        start = max(prefix, query.get("startOffset", ""), query.get("pageToken", ""))
        self.server.asked.append(start)
        most, place, items = min(1000, int(query.get("maxResults", 1000))), bisect_left(names, start), []  # type: ignore[var-annotated]
        token = None
        while place < len(names) and names[place].startswith(prefix):
            if "endOffset" in query and names[place] >= query["endOffset"]:
                break
            if len(items) == most:
                token = names[place]
                break
            items.append({"name": names[place], "size": "5", "updated": "2026-01-02T03:04:05.678Z"})
            place += 1
        body = json.dumps({"items": items} | ({"nextPageToken": token} if token else {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[str]], ListingServer]]:
    running: list[ListingServer] = []

    def start(names: list[str]) -> ListingServer:
        server = ListingServer(names)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{server.server_address[1]}")
        return server

    monkeypatch.setattr(auth._Credentials, "_credentials_init", True)  # Beam would look for credentials for 25 s
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_a_bucket_is_listed_in_ranges_and_every_object_once(serve: Callable[[list[str]], ListingServer]) -> None:
    names = [*access_keys(12_000), "2025/", "2025/35", "2026/a.xml", "2025.xml"]
    serve(names)
    given = (f"gs://{BUCKET}/2025/3*", f"gs://{BUCKET}/2025", f"gs://{BUCKET}/2025/**", f"gs://{BUCKET}/2026/a.xml")
    parts = list(listings(given))
    found = [[match.path for match in listed(part) if isinstance(match, FileRef)] for part in parts]
    expected = [f"gs://{BUCKET}/{name}" for name in names if name not in ("2025/", "2025.xml")]
    assert sorted(path for paths in found for path in paths) == sorted(expected)
    assert sum(bool(paths) for paths in found) > 20
    assert max(map(len, found)) < 3_000
    (one,) = list_files(f"gs://{BUCKET}/2026/a.xml")
    assert one == FileRef(f"gs://{BUCKET}/2026/a.xml", 1_767_323_045_678_000, 5)


def test_the_check_before_a_launch_looks_at_a_page_and_no_more(serve: Callable[[list[str]], ListingServer]) -> None:
    server = serve(access_keys(20_000))
    check_patterns([f"gs://{BUCKET}/2025", f"gs://{BUCKET}/2025/*.xml"])
    assert len(server.asked) <= 4


@pytest.mark.slow
def test_memory_does_not_grow_with_the_objects_of_a_bucket(serve: Callable[[list[str]], ListingServer]) -> None:
    serve(access_keys(40_000))
    check_patterns(f"gs://{BUCKET}/2025/**")  # imports
    assert peak(f"gs://{BUCKET}/2025/**", 40_000) < 8_000_000


@pytest.mark.slow
@pytest.mark.parametrize("form", ["{}", pytest.param("{}/*/*.xml", marks=pytest.mark.long), "{}/**"])
def test_memory_does_not_grow_with_the_files_of_folders(tmp_path: Path, form: str) -> None:
    """The paths alone of what is listed here take 20 MB."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        first = tmp_path / folder / "first.xml"
        first.write_bytes(b"<a/>")
        for number in range(59_999):
            os.link(first, tmp_path / folder / f"{'0' * 40}{number:09d}.xml")
    assert peak(form.format(tmp_path), 120_000) < 4_000_000


def peak(pattern: str, expected: int) -> int:
    """Most bytes that Python held at once while a pattern's files were counted."""
    tracemalloc.start()
    try:
        assert sum(1 for _ in list_files(pattern)) == expected
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b/c.xml", True),
        ("/a", "/ab", False),
        ("/a/*", "/a/b/c.xml", True),
        ("/a/*.xml", "/a/b/c.xml", False),
        ("/a/**/*.xml", "/a/c.xml", True),
        ("/a/**/*.xml", "/a/b/d/c.xml", True),
        ("/a/**/d", "/a/b/d/c.xml", True),
        ("/a/**", "/a/b", True),
        ("/a/[bc]/?.xml", "/a/c/d.xml", True),
        ("gs://x", "gs://x/a/b", True),
        ("gs://x/a", "gs://x/a", True),
        ("gs://x/a", "gs://x/ab", False),
        ("gs://x/a/", "gs://x/a", False),
        ("gs://x/a/", "gs://x/a/b/c", True),
        ("gs://x/*/c", "gs://x/a/b/c", False),
        ("gs://x/**/c", "gs://x/a/b/c", True),
        ("gs://x/a/b**", "gs://x/a/bc/d", True),
    ],
)
def test_what_a_pattern_names_is_told_from_the_path(pattern: str, path: str, expected: bool) -> None:
    assert patterns.Named([pattern])(path) is expected
    assert patterns.Named(["/elsewhere", pattern, "gs://elsewhere/*"])(path) is expected
