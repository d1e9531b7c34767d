"""The command ``slotsvc``. Commands import what they need when they run, so that it starts fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from slotsvc.cli.announce import announce
from slotsvc.cli.backlog import backlog_group, unplace
from slotsvc.cli.backup import backup
from slotsvc.cli.book import book, cancel, reschedule
from slotsvc.cli.calendar import calendar
from slotsvc.cli.company import company_group
from slotsvc.cli.demo import demo
from slotsvc.cli.doctor import doctor
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.hold import extend, hold, release
from slotsvc.cli.jobs import jobs_group
from slotsvc.cli.key import key_group
from slotsvc.cli.listing import list_command
from slotsvc.cli.map import map_group
from slotsvc.cli.move import check, move
from slotsvc.cli.portal import portal_group
from slotsvc.cli.publish import publish
from slotsvc.cli.report import report_group
from slotsvc.cli.restore import restore
from slotsvc.cli.serve import serve
from slotsvc.cli.settings import config_group, migrate, version
from slotsvc.cli.suggest import suggest
from slotsvc.cli.suggest_batch import suggest_batch
from slotsvc.cli.up import up
from slotsvc.cli.verify import verify
from slotsvc.cli.violations import violations
from slotsvc.cli.watch import watch
from slotsvc.cli.why_not import why_not

INTERRUPTED = 130
IN_ORDER = (
    up, serve, portal_group, demo,
    suggest, suggest_batch, why_not,
    hold, extend, release, book, reschedule, cancel, backlog_group, unplace, announce,
    calendar, publish, check, move, report_group, violations, watch,
    list_command, company_group, key_group, jobs_group,
    map_group, migrate, backup, restore, verify, doctor, config_group, version,
)  # fmt: skip


class SlotsvcGroup(click.Group):
    """Lists commands in the order of use, and shows every failure in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in order of use."""
        return [command.name or "" for command in IN_ORDER]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs one command; ends the process with its exit code unless ``standalone_mode`` is off.

        Without ``standalone_mode`` a ``CommandError`` is raised instead of shown.
        """
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(given, prog_name, complete_var, False, **extra)
        sys.exit(self._run(given, prog_name, complete_var, **extra))

    def _run(
        self, args: list[str], prog_name: str | None, complete_var: str | None, **extra: Any
    ) -> int:
        as_json = "--json" in args
        try:
            ended = super().main(args, prog_name, complete_var, False, **extra)
        except CommandError as failure:
            return _show(failure, as_json)
        except click.ClickException as error:
            return _show_usage(error, as_json)
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        return ended if isinstance(ended, int) else Exit.OK


def _show(failure: CommandError, as_json: bool) -> int:
    from slotsvc.cli.render_failure import show_failure

    show_failure(failure, as_json)
    return failure.exit_code


def _show_usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        failure = CommandError(error.format_message(), "USAGE", Exit.USAGE)
        return _show(failure, as_json)
    error.show()
    return error.exit_code


@click.group(
    "slotsvc",
    cls=SlotsvcGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="slotsvc", message="slotsvc %(version)s")
def main() -> None:
    """Which appointment slots can we offer this client, best first, and why?

    Start with `slotsvc demo`. Exit codes: 0 ok, 1 error, 2 usage, 3 not ready.
    """


for command in IN_ORDER:
    main.add_command(command)

if __name__ == "__main__":
    main()
