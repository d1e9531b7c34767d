"""What every test of the portal may ask for."""

from __future__ import annotations

from tests.portal.browser import browser as browser
from tests.portal.browser import desktop as desktop
from tests.portal.browser import phone as phone
