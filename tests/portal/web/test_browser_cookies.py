"""What a real browser makes of our cookies and forms on a plain local address."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.portal.portal_fixtures import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_chromium_keeps_host_cookies_on_this_machine(world: World, phone: Page) -> None:
    """``__Host-`` cookies are Secure; on 127.0.0.1 without TLS they are kept all the same, are not
    for scripts, and a form with its token goes through."""
    await world.unit("coast")  # two units: the first address is a page
    await phone.goto(f"{world.url}/")
    before = await phone.context.cookies()

    await phone.locator("summary").click()
    await phone.get_by_role("button", name="Français").click()
    await expect(phone.locator("html")).to_have_attribute("lang", "fr")

    cookies = {cookie["name"]: cookie for cookie in await phone.context.cookies()}
    assert [cookie["name"] for cookie in before] == ["__Host-csrf"]
    assert cookies.keys() == {"__Host-csrf", "__Host-language"}
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["path"] == "/"
    assert await phone.evaluate("document.cookie") == ""
    assert phone.url == f"{world.url}/"


async def test_the_origin_of_our_forms_is_what_we_expect(world: World, phone: Page) -> None:
    """No referrer is sent, so the origin is "null" and Sec-Fetch-Site says it is ours."""
    await phone.goto(f"{world.url}/")
    await phone.locator("summary").click()
    async with phone.expect_request("**/language") as sent:
        await phone.get_by_role("button", name="Italiano").click()
    headers = await (await sent.value).all_headers()

    assert headers["sec-fetch-site"] == "same-origin"
    assert headers["origin"] == "null"
    assert "referer" not in headers
