"""Days the tests speak of. The clock starts on Monday, 3 June 2030, at 08:00 in Monaco."""

from __future__ import annotations

from datetime import date, timedelta

DAY = timedelta(days=1)
TODAY = date(2030, 6, 3)
TOMORROW = TODAY + DAY
WEDNESDAY = TODAY + 2 * DAY
