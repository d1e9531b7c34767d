"""A post office without text messages, and one with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slotsvc.portal.options import SmsOptions
from tests.portal.messages.post_office import PostOffice, post_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    with post_office(tmp_path, SmsOptions(url="http://127.0.0.1:9", monthly_limit=4)) as made:
        yield made
