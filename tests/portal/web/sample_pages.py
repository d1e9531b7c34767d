"""Pages that show every part of the look, on the real templates, static files and policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from jinja2 import ChoiceLoader, DictLoader, Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from slotsvc.portal.languages import LOCALES, NAMES, words
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor, Level, StaffRole, StaffVisitor
from slotsvc.portal.web.assets import Assets
from slotsvc.portal.web.jinja import environment
from slotsvc.portal.web.notices import Notice
from slotsvc.portal.web.security import content_security_policy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNIT = BusinessUnit(
    id="riviera",
    team="tenants/acme/teams/riviera",
    locales=LOCALES,
    time_zone="Europe/Monaco",
    active=True,
    company_name="Riviera Heating",
    phone="+377 97 98 00 00",
    email="hello@riviera.example",
    address="4 Rue Grimaldi, 98000 Monaco",
)
ANNA = ClientVisitor(
    session="s",
    contact="contact-1",
    name="Anna Rossi",
    client="C-1",
    client_id="client-1",
    client_name="Rossi",
    bu=UNIT,
    sites=None,
    locale="en",
    level=Level.PROVEN,
    proven_until=NOON,
    csrf_token="token",
    viewed_by="staff-1",
)
SAM = StaffVisitor("s", "staff-1", "Sam", StaffRole.ADMINISTRATOR, "en", "token")

_PARTS = """
<h1>Every part</h1>
<p class="lead">What pages are made of.</p>
{{ parts.crumbs([("Appointments", "/parts")]) }}
{{ forms.error_summary({"email": "Enter an e-mail address."}) }}
{% call parts.card("Boiler service", href="/parts", badge=("Scheduled", "good")) %}
<div class="visit">{{ parts.leaf("Tue", "24", "Nov") }}<div><div class="window">08:00 – 10:00</div>
<div class="muted">12 Avenue de la Costa</div></div></div>
<ol class="steps"><li class="is-done">Planned</li><li aria-current="step">On the way</li>
<li>Done</li></ol>{% endcall %}
{{ parts.facts([("Place", "12 Avenue de la Costa"), ("Nothing", "")]) }}
<section class="day"><h2 class="day-name">Tuesday 24 November</h2><ul class="slots">
<li><form method="post">{{ forms.csrf() }}
<button class="slot slot-recommended" name="slot" value="1">
<span>08:00 – 10:00</span>{{ parts.badge("Recommended", "accent", "star") }}</button></form></li>
<li><a class="slot" href="/parts">10:00 – 12:00</a></li></ul></section>
{% for kind in ["info", "good", "warn", "bad"] %}{{ parts.notice("Said exactly.", kind, kind) }}
{{ parts.badge(kind, kind) }}{% endfor %}{{ parts.badge("Grey") }}
{% call parts.empty("Nothing planned", "Visits appear here.") %}
{{ forms.button("New appointment", href="/parts", picture="plus") }}{% endcall %}
<form method="post" action="/sent">{{ forms.csrf() }}
{{ forms.field("email", "E-mail", "anna@", type="email", hint="Yours", error="Enter an address.") }}
{{ forms.code_field("code", "Code", hint="6 digits") }}
{{ forms.textarea("comments", "Comments", required=false) }}
{{ forms.select("type", "Type", [("a", "Service"), ("b", "Repair")], "b") }}
{{ forms.tick("stay", "Stay signed in", hint="Not on a shared phone.") }}
{{ forms.choices("site", "Place", [("1", "Home", "98000 Monaco"), ("2", "Office")], "1") }}
{{ forms.choices("days", "Days", [("1", "Mon"), ("2", "Tue")], ["2"], many=true, chips=true) }}
<div class="bar">{{ forms.button("Save", block=true) }}{{ forms.button("Draft", "quiet") }}</div>
</form>
<div class="actions">{{ forms.button("Cancel it", "danger") }}{{ forms.button("Not now", "plain") }}
{{ forms.post_button("/sent", "Extend", "quiet", {"a": "1"}) }}</div>
<table class="table"><caption>Clients</caption><thead><tr><th scope="col">Client</th>
<th scope="col">Portal</th></tr></thead><tbody><tr><th scope="row"><a href="/parts">Anna</a></th>
<td data-name="Portal">On</td></tr></tbody></table>
{{ parts.copy("link", "Portal link", "https://portal.example/riviera/k/abc") }}
{{ parts.install_hint() }}{{ parts.pagination("?page=1", "?page=3") }}
"""
_HOLD = """<h1>Confirm</h1><p class="hold">{{ icon("clock") }}<span>Kept for you for</span>
{{ parts.countdown(expires, now, "until 12:10") }}</p>"""
_FORM = """<h1>Press it</h1><form method="post" action="/sent">{{ forms.csrf() }}
{{ forms.button("Confirm", name="answer", value="yes") }}</form>
{{ parts.copy("link", "Portal link", "https://portal.example/riviera/k/abc") }}"""


def _page(base: str, content: str) -> str:
    return (
        f'{{% extends "{base}" %}}{{% block title %}}Sample{{% endblock %}}'
        f"{{% block content %}}{content}{{% endblock %}}"
    )


SAMPLES = {
    "samples/parts.html": _page("base.html", _PARTS),
    "samples/company.html": _page("company.html", _PARTS),
    "samples/hold.html": _page("base.html", _HOLD),
    "samples/form.html": _page("base.html", _FORM),
}


class Samples:
    """The pages' server. ``sent``: what forms posted. ``left``: of holds, shrinks on reload."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.left = [timedelta(minutes=9)]
        self.assets = Assets()
        self.pages = dict(SAMPLES)
        self.environment: Environment = environment()
        loaders = [self.environment.loader, DictLoader(self.pages)]
        self.environment.loader = ChoiceLoader([one for one in loaders if one])
        self.environment.globals["asset"] = self.assets.url

    def show_instead(self, name: str, content: str) -> None:
        """Another content for a page of clients."""
        self.pages[f"samples/{name}.html"] = _page("base.html", content)
        if self.environment.cache is not None:
            self.environment.cache.clear()

    def app(self) -> Starlette:
        """Its routes."""
        return Starlette(
            routes=[
                Route("/static/{name:path}", self.static),
                Route("/sw.js", self.worker),
                Route("/riviera/manifest.webmanifest", self.manifest),
                Route("/sent", self.take, methods=["POST"]),
                Route("/{name}", self.show, methods=["GET", "POST"]),
            ]
        )

    async def show(self, request: Request) -> Response:
        """One of the samples, by its name."""
        name = request.path_params["name"]
        left = self.left.pop(0) if name == "hold" and len(self.left) > 1 else self.left[0]
        template = self.environment.get_template(f"samples/{name}.html")
        text = template.render(_context(request, name, left))
        headers = {
            "Content-Security-Policy": content_security_policy(),
            "Cache-Control": "no-store",
        }
        return HTMLResponse(text, headers=headers)

    async def take(self, request: Request) -> Response:
        """What was posted, kept; and on to another page."""
        form = await request.form()
        self.sent.append(str(form.get("answer")))
        return RedirectResponse("/parts", status_code=303)

    async def static(self, request: Request) -> Response:
        """A static file."""
        return self._file(request.path_params["name"])

    async def worker(self, request: Request) -> Response:
        """The service worker, from the top."""
        return self._file("sw.js")

    async def manifest(self, request: Request) -> Response:
        """Enough of an app."""
        return JSONResponse({"name": "Sample", "start_url": "/"})

    def _file(self, name: str) -> Response:
        found = self.assets.find(name)
        if found is None:
            return Response(status_code=404)
        asset, cache_control = found
        headers = {"Cache-Control": cache_control}
        return Response(asset.content, media_type=asset.media_type, headers=headers)


def _context(request: Request, name: str, left: timedelta) -> dict[str, Any]:
    is_company = name == "company"
    spoken = words("en")
    return {
        "request": request,
        "_": spoken.markup,
        "gettext": spoken.markup,
        "ngettext": spoken.plural_markup,
        "locale": "en",
        "locales": [(code, NAMES[code]) for code in LOCALES],
        "zone": UNIT.time_zone,
        "now": NOON.isoformat(),
        "expires": (NOON + left).isoformat(),
        "csrf_token": "token",
        "visitor": SAM if is_company else ANNA,
        "bu": None if is_company else UNIT,
        "notice": Notice("Saved."),
        "path": str(request.url.path),
    }


@asynccontextmanager
async def running_samples(samples: Samples) -> AsyncIterator[str]:
    """The server's address, while it runs."""
    config = uvicorn.Config(
        samples.app(), host="127.0.0.1", port=0, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving
