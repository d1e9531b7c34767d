"""What pages are made of: static files, logos, and what makes a portal an app on a phone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from slotsvc.portal.company.logos import logo_png
from slotsvc.portal.web.assets import FOR_EVER, Asset, Assets
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.request import bu_of, locale_of, portal_of

pages = Pages()

THEME = "#0b6a5e"
BACKGROUND = "#f6f5f1"
_NOT_MODIFIED = 304
_MEASURES = (192, 512)
_PURPOSES = {"icon": "any", "maskable": "maskable"}


@pages.get("/static/{name:path}", access=Access.PUBLIC)
async def static(request: Request, name: str) -> Response:
    """A static file: for ever under its hashed name, asked for anew under its plain one."""
    assets: Assets = request.app.state.assets
    found = assets.find(name)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return _file(request, *found)


@pages.get("/sw.js", access=Access.PUBLIC)
async def service_worker(request: Request) -> Response:
    """The service worker: from the top, since it may serve only what lies below it."""
    assets: Assets = request.app.state.assets
    found = assets.find("sw.js")
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    answer = _file(request, *found)
    answer.headers["Service-Worker-Allowed"] = "/"
    return answer


@pages.get("/logos/{sha256}.png", access=Access.PUBLIC)
async def logo(request: Request, sha256: str) -> Response:
    """A company's logo, as it was drawn anew when it was uploaded."""
    png = await portal_of(request).database.read(lambda tx: logo_png(tx, sha256))
    if png is None:
        raise ProblemError(Problem.NOT_FOUND)
    return Response(png, media_type="image/png", headers={"Cache-Control": FOR_EVER})


@pages.get("/{bu}/manifest.webmanifest", access=Access.PUBLIC)
async def manifest(request: Request) -> Response:
    """The portal of one business unit as an app (W3C web application manifest)."""
    unit = bu_of(request)
    home = f"/{unit.id}/"
    told = {
        "id": home,
        "start_url": home,
        "scope": home,
        "name": unit.company_name,
        "short_name": unit.company_name[:30],
        "lang": locale_of(request),
        "display": "standalone",
        "theme_color": THEME,
        "background_color": BACKGROUND,
        "icons": [
            {
                "src": f"/static/icons/{name}-{side}.png",
                "sizes": f"{side}x{side}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, purpose in _PURPOSES.items()
            for side in _MEASURES
        ],
    }
    return JSONResponse(told, media_type="application/manifest+json")


def _file(request: Request, asset: Asset, cache_control: str) -> Response:
    headers = {
        "Cache-Control": cache_control,
        "ETag": f'"{asset.hash}"',
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        content, headers["Content-Encoding"] = asset.packed, "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)
