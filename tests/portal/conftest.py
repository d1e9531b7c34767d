"""What every test of the portal may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from slotsvc.cli.town_map import packaged_town
from tests.portal.browser import browser as browser
from tests.portal.browser import desktop as desktop
from tests.portal.browser import phone as phone


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged town with its roads, compiled."""
    return packaged_town(tmp_path_factory.mktemp("town"), quiet=True)
