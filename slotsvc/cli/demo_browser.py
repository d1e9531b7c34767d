"""A browser for the demo: pages, forms and cookies over HTTP, without a screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from slotsvc.cli.failure import CommandError

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5


@dataclass(slots=True)
class Form:
    """A form of a page. ``fields``: names and values as they stand. ``action``: a path."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was answered with 200. ``links``: paths in the order of the page."""

    path: str
    text: str
    forms: list[Form]
    links: list[str]

    def form(self, ending: str) -> Form:
        """The first form whose action ends so. Raises ``CommandError``."""
        for form in self.forms:
            if urlsplit(form.action).path.endswith(ending):
                return form
        raise _misbehaved(f"{self.path} has no form that leads to …{ending}")


class Browser:
    """One visitor of the portal at ``url``. ``seconds``: of the last page, redirects included."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        # the cookies are Secure: a browser sends them to this machine without TLS too, httpx not
        self._cookies: dict[str, str] = {}

    async def get(self, path: str) -> Page:
        """A page, its redirects followed. Raises ``CommandError`` for any other answer."""
        return await self._page("GET", path, None)

    async def send(self, form: Form, **typed: str) -> Page:
        """What the form leads to, ``typed`` in it."""
        return await self._page(form.method, form.action, form.fields | typed)

    async def _page(self, method: str, path: str, data: dict[str, str] | None) -> Page:
        for _ in range(MOST_REDIRECTS):
            answer = await self._answer(method, path, data)
            if answer.status_code == 200:
                return _read(path, answer.text)
            if answer.status_code not in (302, 303):
                raise _misbehaved(f"{method} {path} answered {answer.status_code}")
            path = urljoin(path, answer.headers["location"])
            method, data = "GET", None
        raise _misbehaved(f"{path} leads nowhere")

    async def _answer(self, method: str, path: str, data: dict[str, str] | None) -> httpx.Response:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        if method == "POST":
            headers |= {"Origin": self._url, "Sec-Fetch-Site": "same-origin"}
        answer = await self._client.request(
            method, urljoin(self._url, path), data=data, headers=headers
        )
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return answer


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told: dict[str, Any] = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        elif tag == "form":
            self._open = True
            self.forms.append(Form(told.get("action", ""), told.get("method", "get").upper()))
        elif tag in ("input", "button") and self._open and "name" in told:
            chosen = told.get("type") not in ("radio", "checkbox") or "checked" in told
            if chosen:
                self.forms[-1].fields.setdefault(told["name"], told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def _read(path: str, text: str) -> Page:
    reader = _Reader()
    reader.feed(text)
    for form in reader.forms:
        form.action = form.action or path
    return Page(path, text, reader.forms, reader.links)


def _misbehaved(why: str) -> CommandError:
    return CommandError(f"The portal misbehaved: {why}.", "DEMO_MISBEHAVED")
