"""A running portal on a running engine, and browsers without a screen. Plain functions: wrap them
as fixtures.

    async with running_world(tmp_path) as world:
        contact = await world.contact("Anna", email="anna@example.org")
        anna = await world.signed_in_client(contact)
        page = await anna.get("/riviera/visits")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from sqlalchemy import insert, update

from benchmarks.calls import fresh_id
from benchmarks.company import DOWNTOWN, Company, Place
from slotsvc.cli.wire import pb_place
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from slotsvc.portal.options import PortalOptions, ServiceOptions
from slotsvc.portal.parts import Portal
from slotsvc.portal.running import running
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.schema import (
    BUSINESS_UNITS,
    CLIENTS,
    CONTACT_SITES,
    CONTACTS,
    SESSIONS,
    STAFF,
)
from slotsvc.portal.visitor import Level, StaffRole
from slotsvc.portal.web.cookies import CLIENT_SESSION, STAFF_SESSION
from tests.service_fixtures import RunningService, SetClock, running_service, settings_for

UNIT = "riviera"
LOCALES = ("en", "fr", "es", "it")


@dataclass
class Form:
    """A form of a page: where it goes, and what its fields hold now."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Visitor:
    """A browser without a screen: keeps cookies, follows no redirect by itself, and fills in forms.

    Cookies are kept by hand, since they are ``Secure`` and the tests' portal is not behind TLS.
    """

    def __init__(self, http: httpx.AsyncClient, address: str = "198.51.100.7") -> None:
        self._http = http
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {"X-Forwarded-For": address}
        self.last: httpx.Response | None = None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer to GET, redirects not followed."""
        return await self._send("GET", path, headers)

    async def head(self, path: str, **headers: str) -> httpx.Response:
        """The answer to HEAD."""
        return await self._send("HEAD", path, headers)

    async def see(self, path: str) -> httpx.Response:
        """The page at the end of the redirects, which must be one."""
        return await self.followed(await self.get(path))

    async def followed(self, answer: httpx.Response) -> httpx.Response:
        """The page at the end of the redirects of ``answer``."""
        for _ in range(6):
            if not answer.is_redirect:
                return answer
            answer = await self.get(urljoin(str(answer.url), answer.headers["location"]))
        raise AssertionError("redirected in a circle")

    async def post(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Posts exactly this; no token is added."""
        return await self._send("POST", path, headers or {}, data=data or {}, files=files)

    async def submit(
        self, page: httpx.Response, action: str = "", *, files: Any = None, **filled: str
    ) -> httpx.Response:
        """Fills in the page's form whose action ends with ``action`` (the first one) and posts it;
        hidden fields, its token among them, go with it."""
        form = form_of(page, action)
        target = urljoin(str(page.url), form.action or str(page.url))
        return await self.post(target, form.fields | filled, files=files)

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], **body: Any
    ) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        ours = self.headers | ({"Cookie": cookie} if cookie else {}) | dict(headers)
        answer = await self._http.request(method, path, headers=ours, **body)
        for line in answer.headers.get_list("set-cookie"):
            self._keep(line)
        self.last = answer
        return answer

    def _keep(self, line: str) -> None:
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if "max-age=0" in attributes.lower():
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value.strip('"')


@dataclass
class World:
    """A company on a running engine, with its portal. ``clock`` drives both."""

    service: RunningService
    company: Company
    portal: Portal
    url: str
    address: str
    clock: SetClock
    http: httpx.AsyncClient = field(repr=False)
    engine_file: Path
    numbers: dict[str, int] = field(default_factory=dict)

    def visitor(self, address: str = "198.51.100.7") -> Visitor:
        """A new browser, signed out."""
        return Visitor(self.http, address)

    async def insert(self, table: Any, **row: Any) -> None:
        """Writes one row of the portal."""
        await self.portal.database.write(lambda tx: tx.execute(insert(table).values(row)))

    async def unit(self, id: str = UNIT, **changed: Any) -> str:
        """A business unit with all four languages, active unless ``active=False``."""
        live = {
            "active": True,
            "company_name": "Riviera Heating",
            "phone": "+377 97 00 00 00",
            "permanent_code": True,
        }
        own = ("locales", "position", "sms_credits")
        columns = {name: changed.pop(name) for name in own if name in changed}
        row = {
            "id": id,
            "team": self.company.team,
            "locales": list(LOCALES),
            "time_zone": self.company.zone,
            "live": live | changed,
        }
        await self.insert(BUSINESS_UNITS, **row | columns)
        return id

    async def client(self, ref: str = "", unit: str = UNIT, **row: Any) -> str:
        """A client; gives its id."""
        id = self._id("client")
        row = {"name": "Client", "access": True, "created_at": self._now()} | row
        await self.insert(CLIENTS, id=id, business_unit=unit, ref=ref or id, **row)
        return id

    async def contact(
        self,
        name: str = "Anna",
        *,
        client: str = "",
        sites: tuple[str, ...] | None = None,
        unit: str = UNIT,
        **row: Any,
    ) -> str:
        """A contact who may come in, of ``client`` (None given: a new one); gives its id.

        ``sites``: the resource names he sees; None: all of the client's.
        """
        id = self._id("contact")
        client = client or await self.client(unit=unit)
        row = {"portal_user": True, "created_at": self._now(), "all_sites": sites is None} | row
        await self.insert(CONTACTS, id=id, client=client, name=name, **row)
        for site in sites or ():
            await self.insert(CONTACT_SITES, contact=id, site=site)
        return id

    async def site(self, client: str, id: str = "casino", place: Place = DOWNTOWN) -> str:
        """A site of the client (its ref) in the engine; gives the resource name."""
        site = cal.Site(display_name=id.title(), location=pb_place(*place), client=client)
        request = cal.CreateSiteRequest(
            parent=self.company.tenant, site_id=id, site=site, request_id=fresh_id()
        )
        await self.service.calls.calendar.CreateSite(request)
        return f"{self.company.tenant}/sites/{id}"

    async def staff(self, role: StaffRole = StaffRole.ADMINISTRATOR, **row: Any) -> str:
        """One of the company's people, without password and TOTP; gives the id."""
        id = self._id("staff")
        row = {"email": f"{id}@example.org", "name": "Sam", "created_at": self._now()} | row
        await self.insert(STAFF, id=id, role=role.value, **row)
        return id

    async def signed_in_client(
        self, contact: str, *, unit: str = UNIT, level: Level = Level.PROVEN, proven: bool = True
    ) -> Visitor:
        """A browser with a session of the contact. ``proven``: stepped up just now.

        ``Level.LINK``: a contact without a permanent link is given one.
        """
        if level is Level.LINK:
            await self._give_link(contact)
        now = self._now()
        until = now + 600 if proven and level is Level.PROVEN else 0
        token = await self._session(
            kind="CLIENT", subject=contact, business_unit=unit, level=level, proven_until=until
        )
        visitor = self.visitor()
        visitor.cookies[CLIENT_SESSION] = token
        return visitor

    async def signed_in_staff(
        self,
        staff: str = "",
        *,
        role: StaffRole = StaffRole.ADMINISTRATOR,
        viewing: str | None = None,
    ) -> Visitor:
        """A browser with a session of the member of staff ("": a new one with ``role``).

        ``viewing``: the contact through whose eyes he looks.
        """
        staff = staff or await self.staff(role)
        token = await self._session(
            kind="STAFF", subject=staff, level=Level.PROVEN, viewing=viewing
        )
        visitor = self.visitor()
        visitor.cookies[STAFF_SESSION] = token
        return visitor

    async def _give_link(self, contact: str) -> None:
        row = {"link_hash": hashed(f"link of {contact}"), "link_made_at": self._now()}
        ours = update(CONTACTS).where(CONTACTS.c.id == contact, CONTACTS.c.link_hash.is_(None))
        await self.portal.database.write(lambda tx: tx.execute(ours.values(row)))

    async def _session(self, **row: Any) -> str:
        token, now = new_token(), self._now()
        end = now + int(timedelta(hours=12).total_seconds())
        times = {"created_at": now, "seen_at": now, "expires_at": end}
        await self.insert(SESSIONS, id=hashed(token), **times | row)
        return token

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _id(self, kind: str) -> str:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return f"{kind}-{self.numbers[kind]}"


@asynccontextmanager
async def running_world(
    data_dir: Path,
    *,
    map_path: Path | None = None,
    clock: SetClock | None = None,
    unit: bool = True,
    technicians: int = 1,
    **options: Any,
) -> AsyncIterator[World]:
    """The engine with one company (a team, an activity type "service"), and its portal.

    ``map_path`` None: driving times are estimates; with a compiled map: main thread only.
    ``unit``: with the business unit "riviera". ``options``: fields of ``PortalOptions``.
    """
    clock = clock or SetClock()
    async with AsyncExitStack() as stack:
        engine = settings_for(data_dir / "engine", map_path)
        service = await stack.enter_async_context(running_service(engine, clock))
        company = await Company(service.calls, "acme").found()
        for number in range(technicians):
            await company.technician(f"tech{number + 1}")
        await company.activity()
        keys = {
            "portal_key": await _key(service, company, "ROLE_PORTAL"),
            "planner_key": await _key(service, company, "ROLE_PLANNER"),
        }
        answering = options.pop("service", None) or ServiceOptions(service.address, **keys)
        told = portal_options(data_dir, answering, company.tenant, **options)
        portal = await stack.enter_async_context(running(told, clock=clock.now))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://{portal.address}", timeout=30)
        )
        world = World(
            service, company, portal.portal, portal.url, portal.address, clock, http,
            engine.database_file,
        )  # fmt: skip
        if unit:
            await world.unit()
        yield world


async def _key(service: RunningService, company: Company, role: Any) -> str:
    """The text of a new key: calls for clients are authenticated even where nobody else's are."""
    request = access.CreateApiKeyRequest(
        parent=company.tenant,
        api_key=access.ApiKey(display_name=role, role=role),
        request_id=fresh_id(),
    )
    return (await AccessServiceStub(service.calls.channel).CreateApiKey(request)).secret


def portal_options(
    data_dir: Path, service: ServiceOptions, tenant: str, **changed: Any
) -> PortalOptions:
    """Options that touch nothing outside ``data_dir``; letters go to ``data_dir/letters``."""
    ours: dict[str, Any] = {
        "address": "127.0.0.1:0",
        "tenant": tenant,
        "database": data_dir / "portal" / "portal.db",
        "key_ring": data_dir / "portal" / "keys",
        "service": service,
        "sink": data_dir / "letters",
        "trusted_proxies": ("127.0.0.1",),
    }
    return PortalOptions(**ours | changed)


def form_of(page: httpx.Response, action: str = "") -> Form:
    """The page's first form whose action ends with ``action``, with what its fields hold."""
    forms = [form for form in forms_of(page) if form.action.endswith(action)]
    assert forms, f"no form for {action!r} on {page.url} ({page.status_code})"
    return forms[0]


def forms_of(page: httpx.Response) -> list[Form]:
    """All forms of a page."""
    reader = _FormReader()
    reader.feed(page.text)
    return reader.forms


class _FormReader(HTMLParser):
    """Reads forms as a browser would send them: first options, ticked boxes, text areas."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._open = True
        elif self._open:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        fields, name = self.forms[-1].fields, given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("submit", "button", "file"):
            unticked = given.get("type") in ("checkbox", "radio") and "checked" not in given
            if not unticked:
                fields[name] = given.get("value", "on")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in fields:
                fields[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            self._textarea, fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            fields = self.forms[-1].fields
            fields[self._textarea] = fields[self._textarea].removeprefix("\n")
            self._textarea = ""
