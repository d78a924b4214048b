"""Connections of the Storage Write API that all tables of a dataset share. Knows nothing of Beam.

Connections are counted by the service, 1,000 to a project in most regions (cloud.google.com/bigquery/quotas). A request
that names its stream and its schema may go over any of them: that is all that switching between default streams takes
(``AppendRowsRequest`` of google-cloud-bigquery-storage; the clients for Java and Go call it multiplexing).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import grpc
from google.cloud.bigquery_storage_v1 import types

MOST_CONNECTIONS = 2
# Requests that wait for their answers on a connection before another one is opened.
_BUSY = 4

_METHOD = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
_Request = type(types.AppendRowsRequest.pb(types.AppendRowsRequest()))
_Response = type(types.AppendRowsResponse.pb(types.AppendRowsResponse()))


class Connections:
    """Connections for the default streams of the tables of one dataset: opened when needed, and again after they broke.

    Threads may share it. One connection is open, and a second one as soon as many requests wait for their answers.
    """

    def __init__(self, channel: grpc.Channel, most: int = MOST_CONNECTIONS) -> None:
        self._stub = channel.stream_stream(
            _METHOD, request_serializer=_Request.SerializeToString, response_deserializer=_Response.FromString
        )
        self._most = most
        self._lock = threading.Lock()
        self._open: list[_Connection] = []

    def send(self, request: Any) -> Future[Any]:
        """Sends one request; the future has its response, or the ``grpc.RpcError`` that ended the connection."""
        with self._lock:
            self._open = [connection for connection in self._open if not connection.broken]
            least = min(self._open, key=lambda connection: connection.waiting, default=None)
            if least is None or (least.waiting >= _BUSY and len(self._open) < self._most):
                least = _Connection(self._stub, request.write_stream)
                self._open.append(least)
            return least.send(request)

    def alone(self) -> Connections:
        """Separate connections, for requests that must not affect all others."""
        other = Connections.__new__(Connections)
        other._stub, other._most, other._lock, other._open = self._stub, 1, threading.Lock(), []
        return other

    def give_up(self, future: Future[Any]) -> None:
        """Ends the connection that owes this answer."""
        with self._lock:
            for connection in self._open:
                if connection.owes(future):
                    connection.close()

    def close(self) -> None:
        """Ends all connections; the next ``send`` opens another."""
        with self._lock:
            closing, self._open = self._open, []
        for connection in closing:
            connection.close()


class _Connection:
    """One call of AppendRows. Answers come in the order of the requests: each is of the oldest request waiting."""

    def __init__(self, stub: Callable[..., Any], first_stream: str) -> None:
        self.broken = False
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Future[Any]]] = deque()
        self._requests: SimpleQueue[Any] = SimpleQueue()
        # Leads to the region, which all tables of a dataset have in common.
        metadata = (("x-goog-request-params", f"write_stream={first_stream}"),)
        self._call = stub(iter(self._requests.get, None), metadata=metadata)
        threading.Thread(target=self._receive, name="append-rows", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return len(self._waiting)

    def owes(self, future: Future[Any]) -> bool:
        """Whether the answer that ``future`` waits for is to come over this connection."""
        with self._lock:
            return any(waiting is future for _, waiting in self._waiting)

    def send(self, request: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self.broken:
                future.set_exception(ConnectionError("the connection has just ended"))
            else:
                self._waiting.append((request.write_stream, future))
                self._requests.put(request)
        return future

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()

    def _receive(self) -> None:
        error: Exception = ConnectionError("the service ended the connection")
        try:
            for response in self._call:
                with self._lock:
                    stream, future = self._waiting[0]
                    if response.write_stream and response.write_stream != stream:
                        raise ConnectionError(f"an answer for {response.write_stream} came in the place of {stream}'s")
                    self._waiting.popleft()
                future.set_result(response)
        except Exception as ended:
            error = ended
        with self._lock:
            self.broken = True
            waiting = list(self._waiting)
            self._waiting.clear()
        self._requests.put(None)
        self._call.cancel()
        for _, future in waiting:
            future.set_exception(error)
