"""Draw the portal's app icons: a calendar leaf with a tick, on the accent colour.

    python tools/draw_icons.py

Writes slotsvc/portal/web/static/icons/icon-{192,512}.png and maskable-{192,512}.png. The maskable
ones keep the drawing inside the safe circle of 80 % (W3C, Web Application Manifest, "Icon masks").
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

TARGET = Path(__file__).resolve().parent.parent / "slotsvc/portal/web/static/icons"
ACCENT, PAPER, SHADE = "#0b6a5e", "#ffffff", "#cfe6e1"
SHEET = 1024  # drawn large, then made smaller: smooth edges


def draw_leaf(picture: ImageDraw.ImageDraw, width: float) -> None:
    """The calendar leaf in the middle of the sheet. ``width``: its share of the sheet."""
    half, unit = SHEET * width / 2, SHEET * width / 100
    left, top, right, bottom = (
        SHEET / 2 - half,
        SHEET / 2 - half,
        SHEET / 2 + half,
        SHEET / 2 + half,
    )
    picture.rounded_rectangle((left, top + 8 * unit, right, bottom), 16 * unit, PAPER)
    picture.rectangle((left, top + 33 * unit, right, top + 37 * unit), SHADE)
    for share in (27, 73):
        x = left + share * unit
        ring = (x - 5 * unit, top - 2 * unit, x + 5 * unit, top + 22 * unit)
        picture.rounded_rectangle(ring, 5 * unit, PAPER, ACCENT, int(3 * unit))
    tick = [(left + x * unit, top + y * unit) for x, y in ((29, 66), (45, 81), (73, 51))]
    picture.line(tick, ACCENT, int(11 * unit), joint="curve")
    for x, y in (tick[0], tick[-1]):
        picture.circle((x, y), 5.5 * unit, ACCENT)


def icon(side: int, maskable: bool) -> Image.Image:
    """One icon, ``side`` pixels wide."""
    sheet = Image.new("RGBA", (SHEET, SHEET), ACCENT if maskable else "#00000000")
    picture = ImageDraw.Draw(sheet)
    if not maskable:
        picture.rounded_rectangle((0, 0, SHEET - 1, SHEET - 1), SHEET * 0.22, ACCENT)
    draw_leaf(picture, 0.48 if maskable else 0.58)
    return sheet.resize((side, side), Image.Resampling.LANCZOS)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for side in (192, 512):
        icon(side, maskable=False).save(TARGET / f"icon-{side}.png", optimize=True)
        icon(side, maskable=True).save(TARGET / f"maskable-{side}.png", optimize=True)


if __name__ == "__main__":
    main()
