"""A board's server: two pages to read and nothing to write, for browsers of this machine.

It listens on 127.0.0.1, and answers only to a ``Host`` that says so: a page of the web that has its name resolved to
this machine (DNS rebinding) is refused. Nothing is allowed to be framed, or read by pages of another origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipelines.pages import live
from pipelines.pages.page import style
from pipelines.watching import Watcher
from transforms.errors import AcervoError
from transforms.language import mark, say

HOST = "127.0.0.1"
IDLE_SECONDS = 30
TAKEN = mark("port {port} of 127.0.0.1 cannot be had: {reason}. --port 0 takes any that is free")


class ServingError(AcervoError):
    """The board cannot be served; the message says why and what to do."""


class Server(ThreadingHTTPServer):
    """Serves one watcher."""

    daemon_threads = True

    def __init__(self, watcher: Watcher, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self.watcher = watcher
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of ``/`` and ``/now``; all else is an error."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: Server

    def do_GET(self) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "")
            return
        path = self.path.partition("?")[0]
        if path not in ("/", "/now"):
            self._send(HTTPStatus.NOT_FOUND, "")
            return
        watcher = self.server.watcher
        answer = watcher.now()
        if path == "/":
            self._send(HTTPStatus.OK, live.whole(answer.text, watcher.place, watcher.every))
        elif self.headers.get("If-None-Match") == answer.tag:
            self._send(HTTPStatus.NOT_MODIFIED, "", answer.tag)
        else:
            self._send(HTTPStatus.OK, answer.text, answer.tag)

    do_HEAD = do_GET

    def _send(self, status: HTTPStatus, text: str, tag: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", live.policy(style()))
        for name, value in _HEADERS:
            self.send_header(name, value)
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        if self.command != "HEAD" and status is not HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body)

    def version_string(self) -> str:
        return "acervo"

    def log_message(self, format: str, *args: Any) -> None:
        """A look each second is no news."""


_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


@contextmanager
def bound(watcher: Watcher, port: int) -> Iterator[Server]:
    """A server that listens, until the block ends. Raises ServingError where the port is not to be had."""
    try:
        server = Server(watcher, port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServingError(say(TAKEN, port=port, reason=reason)) from error
    try:
        yield server
    finally:
        server.server_close()
