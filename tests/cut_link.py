"""A link to PostgreSQL that is cut where a test says: around a COMMIT, when nobody knows any more.

Speaks only as much of the wire as it needs: psycopg sends COMMIT as a simple query of its own.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL

_COMMIT = b"COMMIT\x00"
_SOCKET = ".s.PGSQL.5432"


class Cut(Enum):
    """Where the link is cut."""

    BEFORE = "the server never got the COMMIT"
    AFTER = "the server committed, and its answer was lost"


class CutLink:
    """Passes everything on until ``cut_next`` was called; then cuts at the next COMMIT, once each.

    ``cuts``: how many were made.
    """

    def __init__(self, server: URL) -> None:
        self._server = server
        self._wanted: list[Cut] = []
        self.cuts = 0

    def cut_next(self, *cuts: Cut) -> None:
        """One after the other, at the next COMMITs of any connection."""
        self._wanted += cuts

    def serve(self, listener: socket.socket) -> None:
        """Until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, _connected(self._server) as server:
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while sent := client.recv(65536):
                    if _COMMIT in sent and self._wanted:
                        self._cut(self._wanted.pop(0), sent, client, server)
                        break
                    server.sendall(sent)
            _shut(server)
            _shut(client)
            back.join()

    def _cut(self, cut: Cut, sent: bytes, client: socket.socket, server: socket.socket) -> None:
        _shut(client)
        self.cuts += 1
        if cut is Cut.AFTER:
            server.sendall(sent)


def _connected(url: URL) -> socket.socket:
    host = str(url.query.get("host") or url.host or "localhost")
    if not host.startswith("/"):
        return socket.create_connection((host, url.port or 5432))
    server = socket.socket(socket.AF_UNIX)
    server.connect(str(Path(host) / _SOCKET))
    return server


def _copy(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while answer := server.recv(65536):
            client.sendall(answer)
    _shut(client)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_link(url: str) -> Iterator[tuple[str, CutLink]]:
    """The address of the same database behind a link that can be cut."""
    there = make_url(url)
    with tempfile.TemporaryDirectory(prefix="slotsvc-link-") as here:
        link = CutLink(there)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(Path(here) / _SOCKET))
            listener.listen(64)
            threading.Thread(target=link.serve, args=(listener,), daemon=True).start()
            linked = there.set(host="", port=None).update_query_dict({"host": here})
            yield linked.render_as_string(hide_password=False), link
            _shut(listener)
