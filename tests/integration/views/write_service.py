"""A Storage Write API that answers as the service is documented to, where the emulator answers otherwise.

Rows are plain text here. What happens to a request is scripted: each entry of ``script`` is consumed by one request,
``None`` or an empty script means that rows are judged by themselves: ``bad...`` is refused, all else is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.bigquery_storage_v1 import types
from google.rpc import status_pb2

_METHOD = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
_REQUEST = type(types.AppendRowsRequest.pb(types.AppendRowsRequest()))
_RESPONSE = type(types.AppendRowsResponse.pb(types.AppendRowsResponse()))
_STORAGE_ERROR = type(types.StorageError.pb(types.StorageError()))
_INVALID = grpc.StatusCode.INVALID_ARGUMENT


@dataclass(frozen=True)
class EndStream:
    """The connection ends with this status, before or after the rows were kept."""

    code: grpc.StatusCode
    after_keeping: bool = False


@dataclass(frozen=True)
class Refuse:
    """The request is answered with this error and keeps nothing."""

    code: grpc.StatusCode
    storage_code: int = 0


@dataclass(frozen=True)
class Silence:
    """The request is never answered."""


@dataclass
class WriteService:
    """``names_rows``: a refusal lists its rows, as the service does; otherwise it only says that data is invalid."""

    names_rows: bool = True
    script: list[EndStream | Refuse | Silence | None] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    requests: list[list[str]] = field(default_factory=list)
    connections: int = 0
    without_schema: int = 0
    streams: list[str] = field(default_factory=list)
    """Stream of each request."""
    absent: set[str] = field(default_factory=set)
    """Tables that are not there: a request for one ends the connection, as the emulator has it."""
    mixes_up: int = 0
    """So many answers name a stream that nobody asked about."""
    waits: bool = False
    """Answers wait until this is false, so that requests pile up."""
    address: str = ""

    def append_rows(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """One connection."""
        self.connections += 1
        for request in requests:
            self.without_schema += not request.proto_rows.HasField("writer_schema")
            rows = [row.decode() for row in request.proto_rows.rows.serialized_rows]
            self.requests.append(rows)
            self.streams.append(request.write_stream)
            if request.write_stream.split("/")[5] in self.absent:
                context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.write_stream}")
            while self.waits and context.is_active():
                time.sleep(0.01)
            step = self.script.pop(0) if self.script else None
            if isinstance(step, Silence):
                while context.is_active():
                    time.sleep(0.02)
                return
            if isinstance(step, EndStream):
                if step.after_keeping:
                    self.kept += rows
                context.abort(step.code, "the connection ends")
            response = self._refusal(step) if isinstance(step, Refuse) else self._judge(rows)
            response.write_stream = f"{request.write_stream}-not" if self.mixes_up else request.write_stream
            self.mixes_up = max(self.mixes_up - 1, 0)
            yield response

    def _judge(self, rows: list[str]) -> Any:
        bad = [index for index, row in enumerate(rows) if row.startswith("bad")]
        response = _RESPONSE()
        if not bad:
            self.kept += rows
            response.append_result.SetInParent()
            return response
        response.error.CopyFrom(status_pb2.Status(code=_INVALID.value[0], message="Errors found while processing rows"))
        for index in bad if self.names_rows else []:
            response.row_errors.add(index=index, code=1, message=f"value {rows[index]} is invalid")
        return response

    def _refusal(self, step: Refuse) -> Any:
        response = _RESPONSE(error=status_pb2.Status(code=step.code.value[0], message="the request is refused"))
        if step.storage_code:
            response.error.details.add().Pack(_STORAGE_ERROR(code=step.storage_code))
        return response

    def serve(self) -> grpc.Server:
        """Starts to listen on ``address``."""
        server = grpc.server(ThreadPoolExecutor(8))
        handler = grpc.stream_stream_rpc_method_handler(
            self.append_rows, request_deserializer=_REQUEST.FromString, response_serializer=_RESPONSE.SerializeToString
        )
        service, method = _METHOD.strip("/").split("/")
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        self.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        return server
