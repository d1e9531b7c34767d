"""QR codes (ISO/IEC 18004), drawn into the page: nobody else learns what they say."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import segno

_SCALE = 5
_BORDER = 4  # modules; less is not found by some cameras


def qr_image(text: str) -> str:
    """A QR code of the text as a ``data:`` address of an SVG, for ``<img src>``."""
    drawn = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(drawn, kind="svg", scale=_SCALE, border=_BORDER, dark="#000", light="#fff")
    return f"data:image/svg+xml;base64,{b64encode(drawn.getvalue()).decode()}"
