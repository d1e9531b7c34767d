"""Clients who book through the portal at once, over HTTP: how long they wait, and what they meet.

``python -m benchmarks.portal_load [--clients 50] [--seed 0] [--json]``

The demo in a process of its own (engine and portal in one: ``slotsvc up``), 12 technicians with
ten days filled. Every client is signed in, has one visit that waits for a time, and does what
people do: page of times, choose, look at the hold, confirm, own appointments. Three series, each
with clients of its own: ``people`` come within twenty seconds and read each page for some seconds;
``burst`` press at the same moment, at every step; ``same`` too, and all want one of the first three
windows. What gets in the way of a choice is counted by the page that said so; anything else is
``unexplained``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from sqlalchemy import Connection, insert

from benchmarks.calls import Calls, calling, fresh_id
from benchmarks.demo_process import DemoProcess, running_demo
from slotsvc.cli.demo_doors import UNIT
from slotsvc.cli.demo_setup import TEAM, TENANT
from slotsvc.cli.demo_town import SITES
from slotsvc.cli.wire import pb_place
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.database import PortalDatabase
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS, SESSIONS
from slotsvc.portal.visitor import Level
from slotsvc.portal.web.cookies import CLIENT_SESSION

ACTIVITY = f"{TENANT}/activityTypes/boiler-service"
SERIES = ("people", "burst", "same")
ARRIVE_S, READ_S = 20.0, (2.0, 6.0)
FIRST_FEW = 3
MOST_TRIES = 12
VIEWS = 20
EXPLAINED = {
    "Somebody was a moment faster": "slot_gone",
    "Too many people are choosing a time on this day": "day_is_full",
    "may be taken. These are free now": "offer_too_old",
    "The time to confirm is over": "hold_expired",
}
"""What the page says, and what it is called here."""
OTHER_PLACE = "other_place_left"
"""The portal tried several places of the window and lost each of them; one was left."""
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
_HEADING = re.compile(r"<h1>(.*?)</h1>", re.S)
_ASSET = re.compile(r'(?:href|src)="(/(?:static|logos)/[^"]+|/[a-z]+/manifest[^"]+)"')
_IN_CSS = re.compile(r"url\(\"?([^\")]+)\"?\)")

type Choose = Callable[[Sequence[str]], str]


@dataclass
class Measured:
    """One series. ``waits``: seconds by step; ``met``: what got in the way, by name."""

    waits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    met: Counter[str] = field(default_factory=Counter)
    unexplained: Counter[str] = field(default_factory=Counter)
    booked: int = 0

    def figures(self) -> dict[str, Any]:
        """For people and for JSON; milliseconds."""
        steps = {step: _summary(waits) for step, waits in self.waits.items()}
        every = [wait for waits in self.waits.values() for wait in waits]
        return {
            "booked": self.booked,
            "all": _summary(every),
            **steps,
            "met": dict(self.met),
            "unexplained": dict(self.unexplained),
        }


@dataclass
class Guest:
    """A signed-in client in front of a browser. ``reads``: seconds he takes before each press."""

    http: httpx.AsyncClient
    cookie: str
    visit: str
    measured: Measured
    choose: Choose
    reads: Callable[[], float]

    async def books(self) -> None:
        """From the page of times to his own appointments."""
        home = f"/{UNIT}/visits/{self.visit}"
        hold = await self._chosen(home)
        if hold is None:
            return
        page = await self._ask("hold page", "GET", hold)
        answer = await self._ask("confirm", "POST", f"{hold}/confirm", _hidden(page.text))
        if answer.status_code != 303:
            self._met("confirm", answer)
            return
        await self._ask("booked page", "GET", answer.headers["location"])
        await self._ask("own appointments", "GET", f"/{UNIT}/visits")
        self.measured.booked += 1

    async def _chosen(self, home: str) -> str | None:
        """The address of the hold; None: he gave up."""
        page = await self._ask("page of times", "GET", f"{home}/slots")
        for _ in range(MOST_TRIES):
            tokens = _TOKEN.findall(page.text)
            if not tokens:
                page = await self._ask("page of times", "GET", f"{home}/slots")
                continue
            told = _hidden(page.text) | {"token": unescape(self.choose(tokens))}
            answer = await self._ask("choose", "POST", f"{home}/hold", told)
            if answer.status_code == 303:
                return str(answer.headers["location"])
            self._met("choose", answer)
            page = answer  # with the nearest times, or with none
            start = told["token"].partition(":")[0]
            if any(other.startswith(f"{start}:") for other in _TOKEN.findall(page.text)):
                self.measured.met[OTHER_PLACE] += 1
        self.measured.unexplained["gave up"] += 1
        return None

    async def _ask(
        self, step: str, method: str, path: str, data: dict[str, str] | None = None
    ) -> httpx.Response:
        await asyncio.sleep(self.reads())
        begun = time.perf_counter()
        headers = {"Cookie": self.cookie, "Accept-Language": "en"}
        answer = await self.http.request(method, path, data=data, headers=headers)
        self.measured.waits[step].append(time.perf_counter() - begun)
        if method == "GET" and answer.status_code != 200:
            self._met(step, answer)
        return answer

    def _met(self, step: str, answer: httpx.Response) -> None:
        said = [name for words, name in EXPLAINED.items() if words in answer.text]
        if said:
            self.measured.met[said[0]] += 1
            return
        heading = _HEADING.search(answer.text)
        words = unescape(heading[1]).strip() if heading else ""
        self.measured.unexplained[f"{step}: {answer.status_code} {words}"] += 1


def main() -> int:
    """Prints one JSON object, or lines for people."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal_load")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slotsvc-portal-load-") as data_dir:
        figures = asyncio.run(_measure(Path(data_dir), chosen.clients, chosen.seed))
    print(json.dumps(figures, indent=2) if chosen.json else _lines(figures))
    return 0


async def _measure(data_dir: Path, clients: int, seed: int) -> dict[str, Any]:
    async with running_demo(data_dir) as demo, calling(demo.address) as calls:
        guests = {name: await _guests(demo, calls, f"{name}-{seed}", clients) for name in SERIES}
        alone = await _guests(demo, calls, f"alone-{seed}", 1)
        # shorter than the server's five seconds: a browser opens another connection by itself
        limits = httpx.Limits(max_keepalive_connections=clients, keepalive_expiry=3.0)
        async with httpx.AsyncClient(
            base_url=demo.portal["url"], limits=limits, timeout=60, trust_env=False
        ) as http:
            figures: dict[str, Any] = {"alone": await _alone(http, *alone[0])}
            for name in SERIES:
                cpu = demo.cpu_seconds()
                measured = await _series(http, name, guests[name], random.Random(f"{seed}/{name}"))
                spent = round((demo.cpu_seconds() - cpu) / clients * 1000)
                figures[name] = measured.figures() | {"cpu_ms_a_client": spent}
        return figures


# --- who books ------------------------------------------------------------------------------------


async def _guests(demo: DemoProcess, calls: Calls, name: str, number: int) -> list[tuple[str, str]]:
    """Clients with a place and a visit in the engine, and a session in the portal: the cookie, and
    the last part of the visit's name."""
    found, rows = [], []
    for n in range(number):
        client, token = f"load-{name}-{n}", new_token()
        found.append((f"{CLIENT_SESSION}={token}", await _visit(calls, client, n)))
        rows.append((client, token))
    database = PortalDatabase(data_file(demo.data_dir))
    try:
        await database.write(lambda tx: _let_in(tx, rows))
    finally:
        database.close()
    return found


def data_file(data_dir: Path) -> Path:
    """The portal's database in the data directory of a demo."""
    from slotsvc.cli.demo import demo_settings

    return demo_settings(data_dir, data_dir).portal_database_file


async def _visit(calls: Calls, client: str, number: int) -> str:
    place = SITES[number % len(SITES)]
    site = cal.Site(
        display_name=place.street, location=pb_place(place.lat, place.lon), client=client
    )
    made = await calls.calendar.CreateSite(
        cal.CreateSiteRequest(parent=TENANT, site_id=client, site=site, request_id=fresh_id())
    )
    visit = visits.Visit(site=made.site.name, activity_type=ACTIVITY, team=TEAM, client=client)
    request = visits.CreateVisitRequest(parent=TENANT, visit=visit, request_id=fresh_id())
    return (await calls.visits.CreateVisit(request)).visit.name.rpartition("/")[2]


def _let_in(connection: Connection, rows: Sequence[tuple[str, str]]) -> None:
    now = datetime.now(UTC)
    at, end = int(now.timestamp()), int((now + timedelta(hours=1)).timestamp())
    for client, token in rows:
        known = {"name": client, "created_at": at}
        connection.execute(
            insert(CLIENTS).values(id=client, business_unit=UNIT, ref=client, access=True, **known)
        )
        connection.execute(
            insert(CONTACTS).values(
                id=client, client=client, portal_user=True, all_sites=True, locale="en", **known
            )
        )
        connection.execute(
            insert(SESSIONS).values(
                id=hashed(token), kind="CLIENT", subject=client, business_unit=UNIT,
                level=Level.PROVEN, created_at=at, seen_at=at, expires_at=end, proven_until=end,
            )
        )  # fmt: skip


# --- the series -----------------------------------------------------------------------------------


async def _alone(http: httpx.AsyncClient, cookie: str, visit: str) -> dict[str, Any]:
    """One client, nobody else: the page of times, and what a browser fetches for it."""
    waits, path, headers = [], f"/{UNIT}/visits/{visit}/slots", {"Cookie": cookie}
    for _ in range(VIEWS + 1):
        begun = time.perf_counter()
        page = await http.get(path, headers=headers)
        waits.append(time.perf_counter() - begun)
        assert page.status_code == 200, page.text
    return {
        "first_view_ms": round(waits[0] * 1000, 1),
        "page of times": _summary(waits[1:]),
        "page_bytes": len(page.content),
        "page_and_assets_bytes": len(page.content) + await _asset_bytes(http, page, headers),
    }


async def _asset_bytes(
    http: httpx.AsyncClient, page: httpx.Response, headers: dict[str, str]
) -> int:
    """Of everything the page names, and what its style sheets name."""
    wanted, seen, total = set(_ASSET.findall(page.text)), set[str](), 0
    while wanted:
        path = wanted.pop()
        seen.add(path)
        answer = await http.get(path, headers=headers)
        assert answer.status_code == 200, path
        total += len(answer.content)
        if path.split("?")[0].endswith(".css"):
            found = {urljoin(path, name) for name in _IN_CSS.findall(answer.text)}
            wanted |= {name for name in found if not name.startswith("data:")} - seen
    return total


async def _series(
    http: httpx.AsyncClient, name: str, guests: Sequence[tuple[str, str]], chance: random.Random
) -> Measured:
    measured = Measured()

    def choose(tokens: Sequence[str]) -> str:
        return chance.choice(tokens[:FIRST_FEW] if name == "same" else tokens)

    def reads() -> float:
        return chance.uniform(*READ_S) if name == "people" else 0.0

    async def one(cookie: str, visit: str) -> None:
        await asyncio.sleep(chance.uniform(0, ARRIVE_S) if name == "people" else 0.0)
        try:
            await Guest(http, cookie, visit, measured, choose, reads).books()
        except httpx.HTTPError as error:
            measured.unexplained[type(error).__name__] += 1

    async with asyncio.TaskGroup() as group:
        for cookie, visit in guests:
            group.create_task(one(cookie, visit))
    return measured


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page; all of its forms have the same token."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page)}


def _summary(waits: Sequence[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(waits)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    told = {"p50": statistics.median(ordered), "p95": p95, "worst": ordered[-1]}
    return {"n": len(ordered)} | {name: round(value * 1000, 1) for name, value in told.items()}


def _lines(figures: dict[str, Any]) -> str:
    lines = []
    for series, found in figures.items():
        lines += [series, *(f"  {name:22} {value}" for name, value in found.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
