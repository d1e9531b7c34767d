"""The two forms of an e-mail: plain text, and the same as simple HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_PAGE = Markup(
    '<!doctype html>\n<html lang="{locale}">\n<head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"></head>\n'
    '<body style="margin:0;padding:24px 12px;background:#f4f5f7;color:#1b1f24;'
    'font:16px/1.5 system-ui,sans-serif">\n'
    '<div style="max-width:34rem;margin:0 auto;padding:24px;background:#fff;border-radius:8px">\n'
    '<p style="margin:0 0 20px;font-weight:600">{company}</p>\n{body}\n</div>\n</body>\n</html>\n'
)
_SAID = Markup('<p style="margin:0 0 16px">{}</p>')
_SHOWN = Markup('<p style="margin:0 0 16px;font-size:{}px;font-weight:700">{}</p>')
_BUTTON = Markup(
    '<p style="margin:0 0 16px"><a href="{0}" style="display:inline-block;padding:12px 20px;'
    'background:#1b4f9c;color:#fff;border-radius:6px;text-decoration:none">{1}</a></p>'
)
_SMALL = Markup(
    '<p style="margin:24px 0 0;padding-top:16px;border-top:1px solid #d8dce1;'
    'font-size:14px;color:#4a525c">{}</p>'
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Text that stands out: a code, a window. ``size``: in pixels."""

    text: str
    size: int = 20


@dataclass(frozen=True, slots=True)
class Button:
    """A link, and what it does."""

    label: str
    url: str


type Block = str | Shown | Button
"""A paragraph, or one of the two others."""


def as_text(blocks: Sequence[Block], signature: Sequence[str]) -> str:
    """Paragraphs with an empty line between them, the signature below."""
    said = [_text(block) for block in blocks]
    return "\n\n".join([*said, "--\n" + "\n".join(signature)]) + "\n"


def as_html(
    title: str, blocks: Sequence[Block], signature: Sequence[str], company: str, locale: str
) -> str:
    """The same as one page of HTML; every value is escaped, nothing is fetched from anywhere."""
    body = Markup("\n").join([*map(_html, blocks), _SMALL.format(_lines(signature))])
    return str(_PAGE.format(locale=locale, title=title, company=company, body=body))


def _text(block: Block) -> str:
    match block:
        case Shown(text):
            return f"    {text}"
        case Button(label, url):
            return f"{label}\n{url}"
        case _:
            return block


def _html(block: Block) -> Markup:
    match block:
        case Shown(text, size):
            return _SHOWN.format(size, text)
        case Button(label, url):
            return _BUTTON.format(url, label)
        case _:
            return _SAID.format(_lines(block.split("\n")))


def _lines(lines: Sequence[str]) -> Markup:
    return Markup("<br>").join(escape(line) for line in lines)
