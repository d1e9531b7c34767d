"""An SMS provider of the tests' own: records what is posted, fails or dawdles on demand."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Posted:
    """One request. ``authorization``: the header as it came."""

    to: str
    text: str
    sender: str
    key: str
    authorization: str


@dataclass
class SmsServer:
    """What the provider was told. ``answers``: statuses of the next requests, 200 afterwards.

    ``hold``: while it is clear, requests wait for it. ``messages``: each key once, as a provider
    that heeds idempotency keys sends them.
    """

    url: str
    posts: list[Posted] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[Posted]:
        return list({post.key: post for post in self.posts}.values())


@contextmanager
def sms_server() -> Iterator[SmsServer]:
    """A provider on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted = Posted(
                told["to"],
                told["text"],
                told["sender"],
                told["idempotency_key"],
                self.headers.get("Authorization", ""),
            )
            server.posts.append(posted)
            status = server.answers.popleft() if server.answers else 200
            server.hold.wait()
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:
                pass  # whoever asked did not wait

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = SmsServer(f"http://127.0.0.1:{http.server_port}/messages")
    server.hold.set()
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        http.shutdown()
        thread.join()
        http.server_close()
