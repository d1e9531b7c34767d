"""Hostile texts through every text field of the company: shown as text, run by nobody (S15)."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest

from slotsvc.portal.access.staff import invite
from slotsvc.portal.tables.audit import record
from slotsvc.portal.visitor import StaffRole
from tests.portal.company.engine_side import show_activity, site
from tests.portal.company.hostile_texts import HOSTILE
from tests.portal.portal_fixtures import Visitor, World, form_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
LANGUAGES = ("en", "fr", "es", "it")


class Inert(HTMLParser):
    """Reads a page as a browser does, and collects what must not be there."""

    ALLOWED_SCRIPTS = ("/static/",)
    NEVER = frozenset({"iframe", "object", "embed", "base", "math", "mtext", "animate", "style"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in self.NEVER or (
            tag == "script" and not given.get("src", "").startswith("/static/")
        ):
            self.found.append(f"<{tag}>")
        if tag == "meta" and given.get("http-equiv"):
            self.found.append("<meta refresh>")
        for name, value in given.items():
            self._attribute(tag, name, value)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc", "autofocus"):
            self.found.append(f"{tag}[{name}]")
        goes = name in ("href", "src", "action", "formaction", "hx-get", "hx-post")
        ours = value.startswith(("/", "#", "?", "mailto:", "tel:", "data:image/svg+xml;base64,"))
        if goes and value and not ours:
            self.found.append(f"{tag}[{name}={value}]")
        if goes and value.startswith("//"):
            self.found.append(f"{tag}[{name}={value}]")

    def handle_data(self, data: str) -> None:
        self.text += data


def check(page: httpx.Response) -> str:
    """The page's text; nothing in it can run or lead elsewhere."""
    reader = Inert()
    reader.feed(page.text)
    assert reader.found == [], f"{page.url}: {reader.found}"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    return reader.text


async def shown(sam: Visitor, *paths: str) -> None:
    """Every page is inert."""
    for path in paths:
        page = await sam.see(path)
        assert page.status_code == 200, path
        check(page)


async def test_corpus_is_large_enough() -> None:
    """At least twenty hostile texts, all different."""
    assert len(set(HOSTILE)) >= 30


@pytest.mark.parametrize("text", HOSTILE)
async def test_settings_are_shown_as_text(world: World, text: str) -> None:
    """Name, address and descriptions of a unit: on the form, in the draft's differences, in the
    preview, on the client's landing page and home."""
    id = await world.unit(world._id("unit"))
    sam = await world.signed_in_staff()
    fields = {name: text for name in ("company_name", "address")}
    fields |= {f"description.{each}": text for each in LANGUAGES}
    page = await sam.get(f"/company/units/{id}")
    form = form_of(page, "/save").fields
    assert (await sam.post(f"/company/units/{id}/draft", form | fields)).status_code == 303
    unit = f"/company/units/{id}"
    await shown(sam, unit, f"{unit}/preview")
    page = await sam.get(unit)
    assert (await sam.submit(page, "/save", **fields)).status_code == 303
    await shown(sam, unit, "/company/units", "/company/", f"/company/clients?q={id}")
    landing = await world.visitor().get(f"/{id}/")
    assert text.split()[0] in check(landing)
    refused = await sam.submit(await sam.get(unit), "/save", phone=text, email=text)
    assert refused.status_code == 422
    check(refused)


@pytest.mark.parametrize("text", HOSTILE)
async def test_clients_and_contacts_are_shown_as_text(world: World, text: str) -> None:
    """Names, references and searches: on the record, in the list, in the audit, and on the page
    that the client himself sees."""
    sam = await world.signed_in_staff()
    ref = f"{world._id('ref')} {text}"
    new = await sam.get("/company/clients/new")
    added = await sam.submit(new, "/clients/new", name=text, ref=ref, business_unit="riviera")
    assert added.status_code == 303
    client = added.headers["location"].partition("?")[0]
    await sam.submit(await sam.get(client), client, access="on")
    form = await sam.get(f"{client}/contacts/new")
    saved = await sam.submit(form, "/contacts/new", name=text, portal_user="on")
    contact = saved.headers["location"].partition("?")[0]
    await shown(sam, client, contact, f"{client}/contacts/new", "/company/audit")
    found = await sam.get(f"/company/clients?{httpx.QueryParams({'q': text})}")
    assert text.split()[0] in check(found)
    bad = await sam.submit(
        await sam.get(contact), contact, email=text, phone=text, access_from=text
    )
    assert bad.status_code == 422
    check(bad)

    anna = await world.signed_in_client(contact.rpartition("/")[2])
    await shown(anna, "/riviera/")
    await sam.submit(await sam.get(contact), "/view")
    await shown(sam, "/riviera/")


@pytest.mark.parametrize("text", HOSTILE[::4])
async def test_sites_and_activities_are_shown_as_text(world: World, text: str) -> None:
    """Names and addresses from the engine, titles and texts of activity types: on the record, and
    on the client's own pages."""
    ref = world._id("ref")
    await site(world, ref, text, text)
    client = await world.client(ref)
    contact = await world.contact(client=client)
    await show_activity(world, {each: text for each in LANGUAGES})
    sam = await world.signed_in_staff()
    page = await sam.get(f"/company/clients/{client}")
    assert "TEST_CREATED" in (await sam.submit(page, "/test")).headers["location"]
    await shown(sam, f"/company/clients/{client}", f"/company/contacts/{contact}")
    anna = await world.signed_in_client(contact)
    await shown(anna, "/riviera/", "/riviera/visits", "/riviera/new", "/riviera/account")


@pytest.mark.parametrize("text", HOSTILE[::3])
async def test_people_and_audit_are_shown_as_text(world: World, text: str) -> None:
    """Names of staff, and whatever an audit entry holds."""
    sam, portal = await world.signed_in_staff(), world.portal
    email = f"{world._id('staff')}@example.org"
    await portal.database.write(
        lambda tx: invite(tx, email, text, StaffRole.PLANNER, "cli", portal.clock())
    )
    await portal.database.write(
        lambda tx: record(
            tx, portal.clock(), text, text[:40], business_unit=text[:60], subject=text,
            data={text: text}, network=text,
        )
    )  # fmt: skip
    await shown(sam, "/company/staff", "/company/audit")
    page = await sam.get("/company/staff")
    check(await sam.submit(page, "/invite", name=text, email=text))
    form = await world.visitor().get("/company/login")
    check(
        await world.visitor().post(
            "/company/login", form_of(form, "/login").fields | {"email": text}
        )
    )
