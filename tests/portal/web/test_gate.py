"""What stands around all pages: hosts, sizes, headers, one log line without secrets."""

from __future__ import annotations

import httpx
import pytest
import structlog

from slotsvc.portal.web.app import application
from tests.portal.portal_fixtures import World
from tests.portal.web.probe_pages import CLIENT, PUBLIC, pages, probing

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEBIBYTE = 1 << 20


async def test_every_answer_tells_browsers_to_be_strict(world: World) -> None:
    """Pages, errors and files alike: no foreign content, no frames, no referrer, no guessing."""
    for path in ("/nowhere/", "/healthz", "/sw.js", "/static/portal.css"):
        headers = (await world.visitor().get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
        assert "server" not in headers


async def test_nothing_personal_is_kept_by_caches(world: World) -> None:
    """What does not say otherwise is not stored anywhere."""
    anna = probing(world, await world.signed_in_client(await world.contact("Anna")))

    assert (await anna.get(CLIENT)).headers["cache-control"] == "no-store"


async def test_browsers_insist_on_tls_where_the_portal_has_it(world: World) -> None:
    """Strict-Transport-Security is sent when, and only when, the public address is https."""
    world.portal.public_url, before = "https://portal.example", world.portal.public_url
    app = application(world.portal, world.address, [pages])
    world.portal.public_url = before
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=before)
    told = await http.get(PUBLIC, headers={"Host": "portal.example"})

    assert told.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "portal.example.evil"])
async def test_other_hosts_are_not_served(world: World, host: str) -> None:
    """A made-up Host gets no page, so it cannot get into a link either."""
    answer = await world.visitor().get("/riviera/login", Host=host)

    assert answer.status_code == 400
    assert "evil" not in answer.text


async def test_forwarded_hosts_are_not_read(world: World) -> None:
    """X-Forwarded-Host and -Proto change nothing on a page, trusted proxy or not."""
    visitor = probing(world, world.visitor())
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}

    page = await visitor.get(f"{PUBLIC}?page=1", **forged)

    assert page.status_code == 200
    assert "evil" not in page.text + str(page.headers)


async def test_large_bodies_are_refused(world: World) -> None:
    """One mebibyte for forms, two for uploads, whether the length is told or not."""
    visitor = probing(world, world.visitor())

    async def pieces(count: int):  # type: ignore[no-untyped-def]
        for _ in range(count):
            yield b"x" * (MEBIBYTE // 4)

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told = await visitor.post(PUBLIC, {"text": "x" * MEBIBYTE})
    untold = await visitor._http.post(PUBLIC, content=pieces(5), headers=form)
    upload = await visitor.post(PUBLIC, files={"logo": ("a.png", b"x" * (2 * MEBIBYTE))})
    smaller = await visitor.post(PUBLIC, files={"logo": ("a.png", b"x" * (MEBIBYTE * 3 // 2))})

    assert [answer.status_code for answer in (told, untold, upload)] == [413, 413, 413]
    assert "too large" in told.text
    assert smaller.status_code == 403  # read, and then found to have no token


async def test_log_lines_name_the_route_only(world: World) -> None:
    """One line for each request: template, status, time; no path, no query, no token."""
    visitor = world.visitor()
    with structlog.testing.capture_logs() as lines:
        await visitor.get("/static/secret-token?code=123456")
        await visitor.get("/sw.js?token=abc")

    assert [(line["event"], line["route"], line["status"]) for line in lines] == [
        ("page", "/static/{name:path}", 404),
        ("page", "/sw.js", 200),
    ]
    assert all(line["ms"] >= 0 for line in lines)
    assert not any(word in str(lines) for word in ("secret-token", "123456", "abc"))


async def test_a_mistake_of_ours_says_nothing_of_it(world: World) -> None:
    """The page has a number, the log the same; what failed stays inside."""
    visitor = probing(world, world.visitor())
    with structlog.testing.capture_logs() as lines:
        page = await visitor.get(f"{PUBLIC}?broken=1")
    broken = next(line for line in lines if line["event"] == "page broken")

    assert page.status_code == 500
    assert broken["number"] in page.text
    assert "slk_secret" not in page.text
    assert page.headers["cache-control"] == "no-store"
