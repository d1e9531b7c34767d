"""A worker that is killed between sending a letter and marking it: run as a process of its own.

python -m tests.portal.messages.dying_worker DIRECTORY PORT
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from slotsvc.portal.messages.carriers import Voice
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.mail import MailCarrier
from slotsvc.portal.options import MailOptions
from tests.portal.messages.post_office import NOW, opened


class Dying(MailCarrier):
    """Sends, and is no more."""

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        await super().send(key, letter, voice)
        os.kill(os.getpid(), signal.SIGKILL)


async def main(directory: Path, port: int) -> None:
    with opened(directory) as office:
        options = MailOptions(f"smtp://127.0.0.1:{port}", "visits@acme.example")
        await office.round(Channel.MAIL, Dying(options, lambda: NOW)).empty()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
