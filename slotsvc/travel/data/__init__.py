"""The demo town's map: Monaco and the Riviera around it. See NOTICE.md for its licence."""

from __future__ import annotations

from pathlib import Path


def demo_extract() -> Path:
    """The packaged OpenStreetMap extract (ODbL 1.0, © OpenStreetMap contributors)."""
    return Path(__file__).with_name("riviera.osm.pbf")
