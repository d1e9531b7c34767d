"""A link to PostgreSQL that is cut where a test says: around a COMMIT, when nobody knows any more;
or that swallows what is said, without a word.

Speaks only as much of the wire as it needs: COMMIT is a statement without a name, so its text is in
what is sent, alone or behind the last writes of its transaction.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL

_COMMIT = b"COMMIT\x00"
_READ_ONLY = b"READ ONLY"
_SOCKET = ".s.PGSQL.5432"


class Cut(Enum):
    """Where the link is cut."""

    BEFORE = "the server never got the COMMIT"
    AFTER = "the server committed, and its answer was lost"


@dataclass(eq=False)
class _Line:
    """One connection through the link. ``deaf``: whatever either side says is lost from now on."""

    client: socket.socket
    server: socket.socket
    reads: bool = False
    deaf: bool = False

    def cut(self) -> None:
        """Both sides are told."""
        _shut(self.client)
        _shut(self.server)


class CutLink:
    """Passes everything on until it is told to do harm.

    ``cuts``: how many COMMITs were cut.
    """

    def __init__(self, server: URL) -> None:
        self._server = server
        self._wanted: list[Cut] = []
        self._lines: set[_Line] = set()
        self._whole = threading.Event()
        self._whole.set()
        self.cuts = 0

    def cut_next(self, *cuts: Cut) -> None:
        """One after the other, at the next COMMITs of any connection that writes, once each."""
        self._wanted += cuts

    def spare(self) -> int:
        """No COMMIT is cut any more; how many were still to be."""
        left, self._wanted = len(self._wanted), []
        return left

    def cut(self) -> int:
        """Every connection, at once; how many there were."""
        lines = list(self._lines)
        for line in lines:
            line.cut()
        return len(lines)

    def part(self) -> None:
        """From now on what anybody says is lost, and nobody is told: neither when the other side
        ends. Who connects gets no answer."""
        self._whole.clear()

    def heal(self) -> None:
        """New connections work. The old ones stay deaf, as when a firewall has forgotten them; the
        server is told when their client has left."""
        self._whole.set()

    def serve(self, listener: socket.socket) -> None:
        """Until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Ends what still goes through."""
        self.heal()
        self.cut()

    def _connect(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # a server that is away lets nobody in
            if not self._whole.is_set():
                while client.recv(65536):
                    pass
                return
            with _connected(self._server) as server:
                self._carry(_Line(client, server))

    def _carry(self, line: _Line) -> None:
        back = threading.Thread(target=self._answer, args=(line,), daemon=True)
        self._lines.add(line)
        back.start()
        with contextlib.suppress(OSError):
            while (sent := line.client.recv(65536)) and self._pass_on(line, sent):
                pass
        if line.deaf:
            self._whole.wait()
        line.cut()
        back.join()
        self._lines.discard(line)

    def _pass_on(self, line: _Line, sent: bytes) -> bool:
        """False: it was cut."""
        line.reads |= _READ_ONLY in sent
        if self._lost(line):
            return True
        if _COMMIT in sent and not line.reads and (cut := self._next()) is not None:
            self._cut(cut, sent, line)
            return False
        line.server.sendall(sent)
        return True

    def _answer(self, line: _Line) -> None:
        with contextlib.suppress(OSError):
            while answer := line.server.recv(65536):
                if not self._lost(line):
                    line.client.sendall(answer)
        if not self._lost(line):
            _shut(line.client)

    def _lost(self, line: _Line) -> bool:
        line.deaf |= not self._whole.is_set()
        return line.deaf

    def _next(self) -> Cut | None:
        with contextlib.suppress(IndexError):
            return self._wanted.pop(0)
        return None

    def _cut(self, cut: Cut, sent: bytes, line: _Line) -> None:
        _shut(line.client)
        self.cuts += 1
        if cut is Cut.AFTER:
            line.server.sendall(sent)


def _connected(url: URL) -> socket.socket:
    host = str(url.query.get("host") or url.host or "localhost")
    if not host.startswith("/"):
        return socket.create_connection((host, url.port or 5432))
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(str(Path(host) / _SOCKET))
    except OSError:
        server.close()
        raise
    return server


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
            try:
                yield linked.render_as_string(hide_password=False), link
            finally:
                _shut(listener)
                link.close()
