"""Settings → Business Units → one of them → its section "Client portal": draft, preview, save."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.links import offer_links
from slotsvc.portal.company.logos import (
    MAX_BYTES,
    LogoError,
    LogoProblem,
    drawn_anew,
    keep,
    logo_png,
)
from slotsvc.portal.company.units import (
    EditConflictError,
    SettingsRefusedError,
    Unit,
    all_units,
    discard_draft,
    keep_draft,
    save,
    unit_of,
)
from slotsvc.portal.languages import NAMES, marked
from slotsvc.portal.unit_settings import BusinessUnitSettings, Problem
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem as PageProblem
from slotsvc.portal.web.errors import ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, portal_of, words_of

pages = Pages()
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}

LABELS = {
    "active": marked("Activate the client portal"),
    "default_access": marked("Active by default for new clients"),
    "permanent_code": marked("Portal links"),
    "sms_connection": marked("Connection by SMS"),
    "company_name": marked("Company name"),
    "logo": marked("Logo"),
    "phone": marked("Telephone"),
    "email": marked("E-mail"),
    "address": marked("Address"),
    "description": marked("Description"),
}
_WORDS = {
    Problem.MISSING: marked("Please fill this in."),
    Problem.TOO_LONG: marked("This is too long."),
    Problem.NOT_AN_EMAIL: marked("This is not an e-mail address, such as name@example.org."),
    Problem.NOT_A_PHONE: marked("This is not a telephone number, such as +377 97 00 00 00."),
    Problem.INVISIBLE_CHARACTERS: marked(
        "There are invisible characters in this text. Please type it anew instead of pasting it."
    ),
    Problem.NOT_A_LOGO: marked("This logo is not here any more. Please choose it again."),
    Problem.UNKNOWN_LANGUAGE: marked("The portal of this unit does not speak this language."),
    LogoProblem.TOO_HEAVY: marked("This file is larger than 1 MB."),
    LogoProblem.NOT_A_PNG: marked("This is not a PNG picture."),
    LogoProblem.TOO_LARGE: marked(
        "This picture has too many pixels: at most 2000 on a side, and 4 million in all."
    ),
    LogoProblem.BROKEN: marked("This PNG picture cannot be read."),
}
type _Change = Callable[[Connection, str, int, BusinessUnitSettings, str, datetime], Unit]


@pages.get("/company/units", access=Access.STAFF, roles=ADMINISTRATORS)
async def units(request: Request) -> Response:
    """All business units."""
    found = await portal_of(request).database.read(all_units)
    return render(request, "company/units.html", units=found)


@pages.get("/company/units/{bu}", access=Access.STAFF, roles=ADMINISTRATORS)
async def unit_page(request: Request) -> Response:
    """The section "Client portal" of one unit."""
    return _form_page(request, await _unit(request))


@pages.post("/company/units/{bu}/draft", access=Access.STAFF, roles=ADMINISTRATORS)
async def draft(request: Request) -> Response:
    """Keeps what was typed; nothing of it takes effect."""
    return await _submitted(request, keep_draft, "DRAFT_KEPT")


@pages.post("/company/units/{bu}/save", access=Access.STAFF, roles=ADMINISTRATORS)
async def save_unit(request: Request) -> Response:
    """ "Save the business unit": what was typed is in force."""
    return await _submitted(request, save, "UNIT_SAVED")


@pages.post("/company/units/{bu}/discard", access=Access.STAFF, roles=ADMINISTRATORS)
async def discard(request: Request) -> Response:
    """Throws the draft away."""
    unit, form, portal = await _unit(request), await request.form(), portal_of(request)
    actor, now = actor_of(request), portal.clock()
    try:
        await portal.database.write(
            lambda tx: discard_draft(tx, unit.id, _version(form), actor, now)
        )
    except EditConflictError:
        return see_other(f"/company/units/{unit.id}", "CHANGED_MEANWHILE")
    return see_other(f"/company/units/{unit.id}", "DRAFT_DISCARDED")


@pages.get("/company/units/{bu}/preview", access=Access.STAFF, roles=ADMINISTRATORS)
async def preview(request: Request) -> Response:
    """The portal's home page as the draft would make it."""
    unit = await _unit(request)
    return render(request, "company/preview.html", unit=unit, bu=unit.preview())


async def _submitted(request: Request, change: _Change, notice: str) -> Response:
    unit, form, portal = await _unit(request), await request.form(), portal_of(request)
    typed = typed_settings(form, unit)
    actor, now = actor_of(request), portal.clock()
    try:
        typed = replace(typed, logo=await _logo(request, form, unit))
        await portal.database.write(
            lambda tx: _changed(tx, change, unit, _version(form), typed, actor, now, request)
        )
    except LogoError as error:
        return _form_page(request, unit, typed, {"logo": _WORDS[error.problem]})
    except SettingsRefusedError as error:
        found = {field: _WORDS[problem] for field, problem in error.problems.items()}
        return _form_page(request, unit, typed, found)
    except EditConflictError:
        return _form_page(request, await _unit(request), typed, conflict=True)
    return see_other(f"/company/units/{unit.id}", notice)


def _changed(
    connection: Connection,
    change: _Change,
    unit: Unit,
    version: int,
    typed: BusinessUnitSettings,
    actor: str,
    now: datetime,
    request: Request,
) -> None:
    if typed.logo and logo_png(connection, typed.logo) is None:
        raise SettingsRefusedError({"logo": Problem.NOT_A_LOGO})
    standing = change(connection, unit.id, version, typed, actor, now)
    if standing.live.active and standing.live.permanent_code:
        portal = portal_of(request)
        offer_links(connection, portal.secrets, standing.id, actor, now)


async def _logo(request: Request, form: FormData, unit: Unit) -> str | None:
    """The hash of the logo that the form asks for: a new file, the one there was, or none.

    Raises ``LogoError``.
    """
    file = form.get("logo_file")
    if isinstance(file, UploadFile) and file.size:
        upload = await file.read(MAX_BYTES + 1)
        logo = await asyncio.to_thread(drawn_anew, upload)
        database = portal_of(request).database
        return await database.write(lambda tx: keep(tx, unit.id, logo))
    return typed_settings(form, unit).logo


def typed_settings(form: FormData, unit: Unit) -> BusinessUnitSettings:
    """What the form says, without a new logo."""
    texts = {each: _text(form, f"description.{each}") for each in unit.locales}
    return BusinessUnitSettings(
        active=form.get("active") is not None,
        default_access=form.get("default_access") is not None,
        permanent_code=form.get("permanent_code") is not None,
        sms_connection=form.get("sms_connection") is not None,
        company_name=_text(form, "company_name"),
        logo=None if form.get("no_logo") is not None else str(form.get("logo", "")) or None,
        phone=_text(form, "phone"),
        email=_text(form, "email"),
        address=_text(form, "address"),
        description={locale: text for locale, text in texts.items() if text},
    )


def _text(form: FormData, name: str) -> str:
    return str(form.get(name, "")).replace("\r\n", "\n").strip()


def _version(form: FormData) -> int:
    typed = str(form.get("version", ""))
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def _form_page(
    request: Request,
    unit: Unit,
    typed: BusinessUnitSettings | None = None,
    errors: dict[str, str] | None = None,
    conflict: bool = False,
) -> Response:
    words = words_of(request)
    return render(
        request,
        "company/unit.html",
        status=409 if conflict else 422 if errors else 200,
        unit=unit,
        form=typed or unit.edited,
        errors={field: words.gettext(text) for field, text in (errors or {}).items()},
        conflict=conflict,
        changed=unit.changed,
        labels=LABELS,
        names=NAMES,
        takes_sms=portal_of(request).outbox.takes_sms,
    )


async def _unit(request: Request) -> Unit:
    bu = request.path_params["bu"]
    unit = await portal_of(request).database.read(lambda tx: unit_of(tx, bu))
    if unit is None:
        raise ProblemError(PageProblem.NOT_FOUND)
    return unit
