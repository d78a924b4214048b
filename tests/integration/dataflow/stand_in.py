"""Stands in for two services of Google Cloud while a job is submitted: Cloud Storage, and Dataflow's jobs.

It keeps what is uploaded and what is asked for, answers as the services do, and runs nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class StandIn(ThreadingHTTPServer):
    """``objects`` by ``bucket/name``, and the bodies of the requests that create jobs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.jobs: list[dict[str, Any]] = []
        self.unknown: list[str] = []

    @property
    def url(self) -> str:
        """Base address, by name: Beam looks for ``localhost`` in it."""
        return f"http://localhost:{self.server_address[1]}"


def key_of_an_account(server: StandIn) -> dict[str, str]:
    """A service account's key that only the stand-in knows; Beam does not start without credentials."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "some-project",
        "private_key_id": "1",
        "private_key": key.private_bytes(*encoding).decode(),
        "client_email": "acervo@some-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{server.url}/token",
    }


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A running stand-in."""
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        bucket = re.fullmatch(r"/storage/v1/b/([^/]+)", path)
        found = re.fullmatch(r"/(?:download/)?storage/v1/b/([^/]+)/o/([^/]+)", path)
        if bucket:
            self._answer(200, {"kind": "storage#bucket", "name": bucket[1], "location": "SOUTHAMERICA-EAST1"})
        elif listed := re.fullmatch(r"/storage/v1/b/([^/]+)/o", path):
            wanted = f"{listed[1]}/{query.get('prefix', [''])[0]}"
            names = [name.partition("/")[2] for name in sorted(self.server.objects) if name.startswith(wanted)]
            items = [_described(listed[1], name, self.server.objects[f"{listed[1]}/{name}"]) for name in names]
            self._answer(200, {"kind": "storage#objects", "items": items})
        elif found and f"{found[1]}/{unquote(found[2])}" in self.server.objects:
            name = f"{found[1]}/{unquote(found[2])}"
            self._answer(200, _described(found[1], unquote(found[2]), self.server.objects[name]))
        elif found:
            self._answer(404, {"error": {"code": 404, "message": "not found"}})
        else:
            self._refuse()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        upload = re.fullmatch(r"/upload/storage/v1/b/([^/]+)/o", parts.path)
        if upload and parse_qs(parts.query).get("uploadType") == ["multipart"]:
            name, content = _multipart(self.headers["Content-Type"], body)
            self.server.objects[f"{upload[1]}/{name}"] = content
            self._answer(200, _described(upload[1], name, content))
        elif upload:
            name = parse_qs(parts.query).get("name", [""])[0] or json.loads(body)["name"]
            place = f"{self.server.url}/resumable/{upload[1]}?name={name}"
            self._answer(200, {}, {"Location": place})
        elif re.fullmatch(r"/v1b3/projects/[^/]+/locations/[^/]+/jobs", parts.path):
            job = json.loads(body)
            self.server.jobs.append(job)
            self._answer(200, {"id": "2026-01-01_00_00_00-1", "name": job.get("name", ""), "projectId": "some-project"})
        elif parts.path == "/token":
            self._answer(200, {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600})
        else:
            self._refuse()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        bucket = parts.path.removeprefix("/resumable/")
        name = parse_qs(parts.query)["name"][0]
        self.server.objects[f"{bucket}/{name}"] = body
        self._answer(200, _described(bucket, name, body))

    def _refuse(self) -> None:
        self.server.unknown.append(f"{self.command} {self.path}")
        self._answer(404, {"error": {"code": 404, "message": f"the stand-in does not know {self.path}"}})

    def _answer(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _described(bucket: str, name: str, content: bytes) -> dict[str, Any]:
    described = {"kind": "storage#object", "bucket": bucket, "name": name, "size": str(len(content))}
    checked = {
        "crc32c": base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode(),
        "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
    }
    instant = "2026-01-01T00:00:00.000Z"
    versions = {"generation": "1", "metageneration": "1", "timeCreated": instant, "updated": instant}
    return {**described, **checked, **versions}


def _multipart(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Name and content of an upload that has both in one body."""
    boundary = re.search(r"boundary=['\"]?([^'\";]+)", content_type)
    assert boundary
    delimiter = b"--" + boundary[1].encode()
    _, described, content, _ = body.split(delimiter, 3)
    name = json.loads(described.partition(b"\r\n\r\n")[2])["name"]
    return name, content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
