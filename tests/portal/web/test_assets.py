"""What browsers load: copied files, their weight, what the policy allows, icons."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from slotsvc.portal.web.assets import STATIC
from slotsvc.portal.web.jinja import TEMPLATES

ROOT = Path(__file__).resolve().parents[3]
CLIENT_PAGE_LIMIT = 300_000
CLIENT_FILES = (
    "colours.css",
    "portal.css",
    "portal.js",
    "vendor/htmx/htmx.min.js",
    "icons/icon-192.png",
)
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|hx-on|javascript:", re.I)
ASSET = re.compile(r'asset\("([^"]+)"\)')


def test_copied_files_are_the_packages_files() -> None:
    """Every vendored file has the sha256 of the locked package, and none is there besides."""
    command = [sys.executable, "tools/vendor_assets.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_a_client_page_weighs_little() -> None:
    """Style, scripts and icon of clients' pages stay far below 300 kB, not compressed."""
    weight = sum((STATIC / name).stat().st_size for name in CLIENT_FILES)
    assert weight < CLIENT_PAGE_LIMIT / 2


def test_no_template_needs_more_than_the_policy_allows() -> None:
    """No inline style, script or handler stands in any template: the policy would refuse it."""
    found = {
        f"{path.relative_to(TEMPLATES)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        for match in INLINE.finditer(path.read_text())
    }
    assert found == set()


def test_every_named_asset_is_there() -> None:
    """A template names no static file that does not exist."""
    named = {name for path in TEMPLATES.rglob("*.html") for name in ASSET.findall(path.read_text())}
    assert named
    assert {name for name in named if not (STATIC / name).is_file()} == set()


@pytest.mark.parametrize("name", ["icon", "maskable"])
@pytest.mark.parametrize("side", [192, 512])
def test_icons_have_the_sides_they_are_named_for(name: str, side: int) -> None:
    """App icons are PNG files of 192 and 512 pixels; the maskable ones have no clear pixel."""
    with Image.open(STATIC / "icons" / f"{name}-{side}.png") as icon:
        assert (icon.format, icon.size) == ("PNG", (side, side))
        lowest, _ = icon.convert("RGBA").getchannel("A").getextrema()
    assert (lowest == 255) is (name == "maskable")
