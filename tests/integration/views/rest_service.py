"""BigQuery's REST API as far as setting up a dataset needs it, with the errors that the emulator does not make.

It has a dataset with all tables and views, current but for the columns that it is told to lack.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from google.cloud import bigquery

from transforms.views import existing, schema, sql

PROJECT, DATASET = "some-project", "fiscal"
_ROOT = f"/bigquery/v2/projects/{PROJECT}/datasets/{DATASET}"
_PAGE = "<html><head><title>502 Server Error</title><style>p {}</style></head><body><h1>Server Error</h1></body></html>"


class Error(NamedTuple):
    """An answer as BigQuery documents it (cloud.google.com/bigquery/docs/error-messages), or a front end's page."""

    status: int
    reason: str
    message: str = ""

    def body(self) -> bytes:
        if not self.reason:
            return _PAGE.encode()
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        return json.dumps({"error": {"code": self.status, "message": self.message, "errors": [detail]}}).encode()


class RestService:
    """``errors`` are answered first, one a request; ``always`` to every request."""

    def __init__(self, *errors: Error, always: Error | None = None) -> None:
        self.errors = deque(errors)
        self.always = always
        self.requests: list[tuple[str, str]] = []
        self.resources: dict[str, Any] = {"": {"datasetReference": {"projectId": PROJECT, "datasetId": DATASET}}}
        for name in (*schema.TABLES, *schema.MERGED):
            self.resources[f"/tables/{name}"] = _table(name)
        for view in sql.views(PROJECT, DATASET):
            target = bigquery.Table(f"{PROJECT}.{DATASET}.{view.name}")
            target.view_query, target.description = view.query, view.description
            self.resources[f"/tables/{view.name}"] = target.to_api_repr() | {"type": "VIEW"}

    def lack(self, table: str, *columns: str) -> None:
        """Takes columns out of a table."""
        found = self.resources[f"/tables/{table}"]["schema"]
        found["fields"] = [field for field in found["fields"] if field["name"] not in columns]

    def __enter__(self) -> RestService:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, body = service.answer(self.command, self.path.partition("?")[0], sent)
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if body.startswith(b"{") else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, sent: bytes) -> tuple[int, bytes]:
        self.requests.append((method, path))
        error = self.always or (self.errors.popleft() if self.errors else None)
        if error:
            return error.status, error.body()
        found = self.resources.get(path.removeprefix(_ROOT))
        if found is None or method not in ("GET", "PATCH"):
            return 404, Error(404, "notFound", f"Not found: {method} {path}").body()
        if method == "PATCH":
            found |= json.loads(sent)
        return 200, json.dumps(found).encode()

    def changes(self) -> list[tuple[str, str]]:
        """Requests that were no reading."""
        return [(method, path.removeprefix(_ROOT)) for method, path in self.requests if method != "GET"]


def _table(name: str) -> dict[str, Any]:
    described = schema.load(name)
    table = bigquery.Table(f"{PROJECT}.{DATASET}.{name}", schema=[existing.field_of(c) for c in described.columns])
    table.description, table.clustering_fields = described.description, list(described.clustering)
    return table.to_api_repr() | {"type": "TABLE"}
