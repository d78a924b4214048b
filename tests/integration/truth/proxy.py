"""A TCP proxy that can lose answers, refuse connections, or hold everything back."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Proxy:
    """Forwards connections of a free port to ``target`` (``host:port``), as faithfully as it is told to.

    ``lose_answers(n)``: the next ``n`` times that a client sends a request, it reaches the target, what comes back
    does not, and the connection is cut. ``refuse``: cut every new connection. ``down``: those that are open, too.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.refuse = False
        self.cut = 0
        self._to_lose = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in list(self._open):
            _close(connection)

    def lose_answers(self, times: int) -> None:
        """From now on, that often."""
        with self._lock:
            self._to_lose = times

    def down(self) -> None:
        """Cuts all connections, and every new one until ``up``."""
        with self._lock:
            self.refuse = True
            connections = list(self._open)
        for connection in connections:
            _close(connection)

    def up(self) -> None:
        """Forwards again."""
        self.refuse = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                _close(client)
                continue
            server = socket.create_connection(self._target)
            with self._lock:
                refused = self.refuse  # since a moment ago, maybe: then nobody else closes these
                if not refused:
                    self._open |= {client, server}
            if refused:
                _close(client)
                _close(server)
                continue
            state = _Connection()
            threading.Thread(target=self._requests, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, server, state), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, state: _Connection) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                # A request names its table; the protocol's own pings and settings do not.
                if b"/tables/" in data and self._take_loss():
                    state.muted = True
                    server.sendall(data)
                    time.sleep(0.2)  # the target answers, and nobody hears it
                    self.cut += 1
                    break
                server.sendall(data)
        _close(client)
        _close(server)

    def _take_loss(self) -> bool:
        with self._lock:
            if self._to_lose:
                self._to_lose -= 1
                return True
            return False

    def _answers(self, client: socket.socket, server: socket.socket, state: _Connection) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if not state.muted:
                    client.sendall(data)
        _close(client)
        _close(server)


class _Connection:
    muted = False


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
