"""The definition of the external table, read back by the client's own classes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.external_config import BigtableOptions

from pipelines import tables
from transforms.truth import rows
from transforms.truth.config import TruthConfig
from transforms.views import external
from transforms.views.catalog import CatalogError
from transforms.views.connect import REST_EMULATOR

TRUTH = TruthConfig("some-project", "acervo", "acervo")


def test_definition_says_where_the_table_is_and_by_which_profile_it_is_read() -> None:
    base = "https://googleapis.com/bigtable/projects/some-project/instances/acervo"
    assert external.configuration(TRUTH).source_uris == [f"{base}/tables/acervo"]
    assert external.configuration(TRUTH, "boost").source_uris == [f"{base}/appProfiles/boost/tables/acervo"]


def test_definition_shows_the_key_and_of_the_state_what_is_not_compressed() -> None:
    sent = external.configuration(TRUTH).to_api_repr()
    assert sent["sourceFormat"] == "BIGTABLE"
    options = BigtableOptions.from_api_repr(sent["bigtableOptions"])
    assert options.read_rowkey_as_string and options.ignore_unspecified_column_families
    [family] = options.column_families
    assert (family.family_id, family.only_read_latest) == (rows.STATE, True)
    # A qualifier that is no identifier would need a field name.
    assert all(re.fullmatch("[a-zA-Z][a-zA-Z0-9_]*", column.qualifier_string) for column in family.columns)
    assert {column.qualifier_string: (column.type_, column.encoding) for column in family.columns} == {
        "status": ("STRING", "TEXT"),
        "rev": ("INTEGER", "BINARY"),
        "size": ("INTEGER", "BINARY"),
    }


class Service(HTTPServer):
    """Keeps table resources as BigQuery's API is sent them."""

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Handler)
        self.tables: dict[str, dict[str, Any]] = {}
        self.changes: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        found = self.server.tables.get(self.path.partition("?")[0].rpartition("/")[2])
        self._answer(200 if found else 404, found or {"error": {"code": 404, "message": "not found"}})

    def do_POST(self) -> None:
        self._keep({"type": "EXTERNAL", "etag": "1"})

    def do_PATCH(self) -> None:
        self._keep(self.server.tables[self.path.partition("?")[0].rpartition("/")[2]])

    def _keep(self, resource: dict[str, Any]) -> None:
        resource |= json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # The service completes what it is given.
        resource["externalDataConfiguration"]["bigtableOptions"]["columnFamilies"][0].setdefault("protoConfig", {})
        self.server.tables[resource["tableReference"]["tableId"]] = resource
        self.server.changes.append(self.command)
        self._answer(200, resource)

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def service() -> Iterator[tuple[Service, bigquery.Client]]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        place = ClientOptions(api_endpoint=f"http://localhost:{server.server_address[1]}")
        yield server, bigquery.Client("some-project", AnonymousCredentials(), client_options=place)
        server.shutdown()
        thread.join()


def test_table_is_created_once_and_defined_anew_when_it_differs() -> None:
    with service() as (server, client):
        planned = external.put(client, TRUTH, "acervo", "truth", dry_run=True)
        assert server.tables == {}
        assert planned == ["create external table truth over Bigtable"]
        assert external.put(client, TRUTH, "acervo", "truth") == planned
        assert external.put(client, TRUTH, "acervo", "truth") == []
        assert external.put(client, TRUTH, "acervo", "truth", "boost") == ["update external table truth"]
        assert server.changes == ["POST", "PATCH"]
        kept = bigquery.ExternalConfig.from_api_repr(server.tables["truth"]["externalDataConfiguration"])
        assert kept.source_uris == external.configuration(TRUTH, "boost").source_uris


def test_table_of_another_kind_is_left_alone() -> None:
    with service() as (server, client):
        reference = {"projectId": "some-project", "datasetId": "acervo", "tableId": "documents"}
        server.tables["documents"] = {"type": "TABLE", "tableReference": reference}
        with pytest.raises(CatalogError, match="documents is a TABLE"):
            external.put(client, TRUTH, "acervo", "documents")
        assert server.changes == []


def test_emulator_is_not_asked_for_what_only_the_service_does(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv(REST_EMULATOR, "http://localhost:1")
    assert tables.main(["--project=some-project", "--only=bigquery", "--external_table=truth"]) == 2
    assert "does not read Bigtable" in capsys.readouterr().err
