"""The board's server, over real connections, and what it looks at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from lxml import html

from pipelines import board, query, serving
from pipelines.pages import live
from pipelines.watching import Watcher

MINUTE = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\u202e"


class Tables:
    """A dataset whose counts are told by the test."""

    def __init__(self) -> None:
        self.documents, self.asked, self.down = 5, 0, False

    def rows(self, statement: str) -> list[dict[str, Any]]:
        self.asked += 1
        if self.down:
            raise query.QueryError("nothing answers")
        if "APPROX_QUANTILES" in statement:
            return [{"half": 1500, "most": 2500}]
        if "AS minute" in statement:
            return [{"minute": MINUTE, "received": 4, "fresh": 2, "duplicate": 1, "dead": 1}]
        if "unique_arrivals" in statement:
            return [{"outcome": "new", "inputs": 4}]
        counts = {"documents": self.documents, "in_force": 1, "value": 1}
        return [{"model": EVIL, "status": EVIL, **counts}]


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
def server(tables: Tables) -> Iterator[serving.Server]:
    with serving.bound(Watcher(tables, "some.<place>", 0.0), 0) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def answer(server: serving.Server, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, Any, str]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    found = connection.getresponse()
    text = found.read().decode()
    connection.close()
    return found.status, found.headers, text


def test_it_listens_to_this_machine_alone_and_answers_its_own_name_alone(server: serving.Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    port = server.server_port
    assert answer(server, Host=f"localhost:{port}")[0] == 200
    for name in (f"evil.example:{port}", "127.0.0.1", "localhost:1", f"127.0.0.1:{port}.evil.example", ""):
        status, _, text = answer(server, Host=name)
        assert (status, text) == (421, ""), name


def test_nothing_can_be_written_and_there_is_nothing_else(server: serving.Server) -> None:
    assert {answer(server, method=method)[0] for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")} == {501}
    assert {answer(server, path)[0] for path in ("/x", "/../etc/passwd", "/now/")} == {404}


def test_the_page_may_run_its_own_script_and_nothing_else(server: serving.Server) -> None:
    _, headers, text = answer(server)
    root: Any = html.document_fromstring(text)
    script, style = (root.xpath(f"string(//{tag})") for tag in ("script", "style"))
    policy = headers["Content-Security-Policy"]
    assert script == live.SCRIPT and policy == live.policy(style) and "default-src 'none'" in policy
    assert "unsafe" not in policy and headers["X-Content-Type-Options"] == "nosniff"
    assert "\u202e" not in text and "<script>alert" not in text
    assert "<script>alert(1)</script>[U+202E]" in root.xpath("string(//section[@id='models'])")


def test_what_has_not_changed_is_not_sent_again(server: serving.Server, tables: Tables) -> None:
    status, headers, text = answer(server, "/now")
    tag = headers["ETag"]
    assert status == 200 and html.fromstring(text).xpath("string(//div[@id='counted']//data)") == "5"
    while (found := answer(server, "/now", If_None_Match=tag))[0] == 200:  # the rate settles
        tag = found[1]["ETag"]
    assert found[0] == 304 and found[2] == ""
    tables.documents = 6
    status, _, text = answer(server, "/now", If_None_Match=tag)
    assert status == 200 and html.fromstring(text).xpath("string(//div[@id='counted']//data)") == "6"


def test_when_the_tables_do_not_answer__the_last_look_stays_with_the_reason(
    server: serving.Server, tables: Tables
) -> None:
    answer(server)
    tables.down = True
    _, _, text = answer(server, "/now")
    assert "nothing answers" in text and ">5<" in text
    tables.down = False
    assert "nothing answers" not in answer(server, "/now")[2]


def test_many_browsers_are_one_look(tables: Tables) -> None:
    watcher = Watcher(tables, "some.place", 60.0)
    first = watcher.now()
    asked = tables.asked
    assert all(watcher.now() == first for _ in range(5)) and tables.asked == asked


def test_a_port_that_is_taken_is_told(server: serving.Server, tables: Tables) -> None:
    for port in (server.server_port, 70000):
        with pytest.raises(serving.ServingError, match="--port 0"), serving.bound(Watcher(tables, "p", 1), port):
            pass


def test_seconds_that_cannot_be_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0", "x", "nan", "inf"):
        with pytest.raises(SystemExit):
            board.parser().parse_args(["--every", text])
    assert "0.2 to 3600" in capsys.readouterr().err
