"""The page that documents every setting."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from slotsvc.config import setting_fields, variable

_INTRODUCTION = """\
# Configuration

Generated from `slotsvc/config` (`python -m slotsvc.config` prints it). Sources, the later
winning: defaults, a TOML file (`--config FILE`, or `SLOTSVC_CONFIG`), environment variables,
command line flags. A setting with a dot is a key of a TOML table: `[search]`, then
`deadline_seconds = 5`. `slotsvc config show` prints what is in force.

Every variable also works with `_FILE` behind its name and the path of a file as its value: the
setting then is the text of that file, without its last newline. An empty variable counts as not
set. An unknown `SLOTSVC_*` variable or TOML key stops the start, except `SLOTSVC_TEST_*`.

The service refuses to listen for gRPC on an address that other machines can reach unless TLS is on
and keys are asked for, or `allow_insecure` is set; and to show the portal there unless
`portal.public_url` begins with https (a proxy in front ends TLS: [Operations](operations.md)).

| Setting | Variable | Default | Meaning |
|---|---|---|---|
"""


def reference() -> str:
    """The text of ``docs/configuration.md``."""
    return _INTRODUCTION + "".join(_row(path, field) for path, field in setting_fields())


def _row(path: tuple[str, ...], field: FieldInfo) -> str:
    return (
        f"| `{'.'.join(path)}` | `{variable(path)}` | {_default(field)} | {field.description} |\n"
    )


def _default(field: FieldInfo) -> str:
    value = field.get_default()
    if value is None or value in ("", ()):
        return "unset"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
