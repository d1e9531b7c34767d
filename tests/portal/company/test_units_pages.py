"""Settings → Business Units → Configure → Client portal, step by step (seeds 000, 002, 004)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from slotsvc.portal.company.units import Unit, unit_of
from slotsvc.portal.tables.schema import BUSINESS_UNITS
from slotsvc.portal.visitor import StaffRole
from tests.portal.company.hostile_pictures import GOOD, SVG
from tests.portal.portal_fixtures import Visitor, World, form_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def unit(world: World, id: str) -> Unit:
    """The unit as it stands."""
    found = await world.portal.database.read(lambda tx: unit_of(tx, id))
    assert found is not None
    return found


async def fresh(world: World, **live: Any) -> tuple[str, Visitor]:
    """A unit of its own, and an administrator."""
    id = await world.unit(world._id("unit"), **live)
    return id, await world.signed_in_staff()


async def test_activation_by_the_seeds_steps(world: World) -> None:
    """Business Units, choose, Configure, activate, name, contact data, description, save: the
    portal that was not there is there, with its branding."""
    id, sam = await fresh(world, active=False)
    assert (await world.visitor().get(f"/{id}/")).status_code == 404
    page = await sam.get("/company/units")
    assert f'href="/company/units/{id}"' in page.text
    page = await sam.get(f"/company/units/{id}")
    answer = await sam.submit(
        page,
        "/save",
        active="on",
        company_name="Azur Chauffage",
        phone="+377 97 11 22 33",
        email="bonjour@azur.example",
        address="1 quai Antoine\r\n98000 Monaco",
        **{"description.fr": "Bienvenue chez nous", "description.en": "Welcome home"},
    )
    assert answer.headers["location"] == f"/company/units/{id}?notice=UNIT_SAVED"
    live = (await unit(world, id)).live
    assert (live.active, live.address) == (True, "1 quai Antoine\n98000 Monaco")
    home = await world.visitor().get(f"/{id}/")
    assert home.status_code == 200
    for told in ("Azur Chauffage", "+377 97 11 22 33", "bonjour@azur.example", "Welcome home"):
        assert told in home.text


async def test_draft_waits_and_is_shown_with_its_differences(world: World) -> None:
    """Kept as a draft, nothing changes for clients; the page says what differs; discarding ends
    it."""
    id, sam = await fresh(world)
    page = await sam.get(f"/company/units/{id}")
    await sam.submit(page, "/save", company_name="Live name")
    page = await sam.get(f"/company/units/{id}")
    answer = await sam.post(
        f"/company/units/{id}/draft", form_of(page, "/save").fields | {"company_name": "Draft two"}
    )
    assert "DRAFT_KEPT" in answer.headers["location"]
    page = await sam.get(f"/company/units/{id}")
    assert "You see a draft" in page.text
    assert "Live name" in page.text
    assert "Draft two" in page.text
    assert "Draft two" not in (await world.visitor().get(f"/{id}/")).text
    assert "Draft two" in (await sam.get(f"/company/units/{id}/preview")).text

    answer = await sam.submit(page, "/discard")
    assert "DRAFT_DISCARDED" in answer.headers["location"]
    assert (await unit(world, id)).draft is None


async def test_draft_is_saved_from_its_own_box(world: World) -> None:
    """The box above the form has a button that saves the form: the draft is in force."""
    id, sam = await fresh(world)
    page = await sam.get(f"/company/units/{id}")
    typed = form_of(page, "/save").fields | {"company_name": "Draft three"}
    await sam.post(f"/company/units/{id}/draft", typed)
    page = await sam.get(f"/company/units/{id}")
    box = page.text.partition("You see a draft")[2].partition("<form")[0]
    assert 'form="unit-form"' in box
    assert 'id="unit-form"' in page.text
    await sam.submit(page, "/save")
    assert (await unit(world, id)).live.company_name == "Draft three"


async def test_second_editor_is_told_and_keeps_what_he_typed(world: World) -> None:
    """Two administrators with the form open: the second one's save changes nothing, and his words
    are still in the form; saving again is his decision."""
    id, sam = await fresh(world)
    kim = await world.signed_in_staff()
    first, second = [await each.get(f"/company/units/{id}") for each in (sam, kim)]
    await sam.submit(first, "/save", company_name="Sam's")
    answer = await kim.submit(second, "/save", company_name="Kim's")
    assert answer.status_code == 409
    assert "Somebody else changed" in answer.text
    assert (await unit(world, id)).live.company_name == "Sam's"

    await kim.submit(answer, "/save")
    assert (await unit(world, id)).live.company_name == "Kim's"


async def test_wrong_field_is_named_and_kept(world: World) -> None:
    """A bad e-mail: 422, said beside the field, and everything typed is still there."""
    id, sam = await fresh(world)
    page = await sam.get(f"/company/units/{id}")
    answer = await sam.submit(page, "/save", email="nobody", address="Rue de la Paix")
    assert answer.status_code == 422
    assert "not an e-mail address" in answer.text
    assert "Rue de la Paix" in answer.text
    assert 'value="nobody"' in answer.text


async def test_logo_is_drawn_anew_and_served(world: World) -> None:
    """A PNG is taken and shown to clients after the save, under the hash of our own file."""
    id, sam = await fresh(world)
    page = await sam.get(f"/company/units/{id}")
    answer = await sam.submit(page, "/save", files={"logo_file": ("l.png", GOOD, "image/png")})
    assert answer.status_code == 303
    logo = (await unit(world, id)).live.logo
    picture = await world.visitor().get(f"/logos/{logo}.png")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")
    assert f"/logos/{logo}.png" in (await world.visitor().get(f"/{id}/")).text

    page = await sam.get(f"/company/units/{id}")
    await sam.submit(page, "/save", no_logo="on")
    assert (await unit(world, id)).live.logo is None
    assert (await world.visitor().get(f"/logos/{logo}.png")).status_code == 404


@pytest.mark.parametrize(
    ("file", "said"),
    [(SVG, "not a PNG"), (GOOD[:50], "cannot be read"), (GOOD + bytes(2**20), "larger than 1 MB")],
)
async def test_hostile_logo_is_refused_with_a_reason(world: World, file: bytes, said: str) -> None:
    """Nothing is stored, the reason is said, the rest of the form is kept."""
    id, sam = await fresh(world)
    page = await sam.get(f"/company/units/{id}")
    files = {"logo_file": ("logo.png", file, "image/png")}
    answer = await sam.submit(page, "/save", files=files, company_name="Kept words")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Kept words" in answer.text
    assert (await unit(world, id)).live.logo is None


async def test_bulk_shows_before_it_does(world: World) -> None:
    """All current clients: who would change is listed; applying changes exactly them."""
    id, sam = await fresh(world)
    client = await world.client(unit=id, name="Mairie de Menton", access=False)
    await world.contact(client=client, email="m@example.org", portal_user=False)
    page = await sam.get(f"/company/units/{id}")
    seen = await sam.submit(page, "/bulk", on="yes", with_contacts="on")
    assert "1 client of 1 gets access" in seen.text
    assert "1 contact becomes a portal user" in seen.text
    assert "Mairie de Menton" in seen.text

    answer = await sam.submit(seen, "/bulk/apply")
    assert answer.headers["location"] == f"/company/clients?unit={id}&notice=BULK_DONE"
    outdated = await sam.submit(seen, "/bulk/apply")
    assert (outdated.status_code, "Nothing was done" in outdated.text) == (409, True)


async def test_sms_balance_is_shown_in_credits(world: World) -> None:
    """0.2 credit each: 1.5 credits are 7 messages."""
    id, sam = await fresh(world)
    topped = update(BUSINESS_UNITS).where(BUSINESS_UNITS.c.id == id).values(sms_credits=15)
    await world.portal.database.write(lambda tx: tx.execute(topped))
    assert (
        "Balance: 1.5 credits, enough for 7 messages."
        in (await sam.get(f"/company/units/{id}")).text
    )


async def test_planners_have_no_settings(world: World) -> None:
    """Units, bulk, staff and audit are for administrators; planners' menu has none."""
    planner = await world.signed_in_staff(role=StaffRole.PLANNER)
    for path in ("/company/units", "/company/units/riviera", "/company/staff", "/company/audit"):
        assert (await planner.get(path)).status_code == 403
    assert "/company/units" not in (await planner.get("/company/")).text
    assert "/company/units" not in (await planner.get("/company/clients")).text


async def test_start_page_says_what_is_missing(world: World) -> None:
    """The checklist follows the seeds' steps and links to where each is done."""
    id, sam = await fresh(world, active=False, company_name="Checklist Ltd", sms_connection=True)
    text = (
        (await sam.get("/company/")).text.partition("Checklist Ltd")[2].partition("</section>")[0]
    )
    order = ["Activate the client portal", "Name, logo", "Credits for text messages: 0.0 left",
             "0 activity types", "0 clients", "Try it"]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert f'href="/company/units/{id}"' in text
    assert f'href="/company/clients?unit={id}"' in text
