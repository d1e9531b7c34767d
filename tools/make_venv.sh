#!/bin/sh
# make_venv.sh VENV REQUIREMENTS.txt...
#
# Makes VENV with the first Python >= 3.12 that really runs, installs the pinned
# requirements (every hash checked) and then slotsvc itself, editable. Uses uv where
# it is on PATH, else pip. Where packages come from is the caller's own configuration.
# PYTHON=... names another interpreter.
set -eu

venv=$1
shift

say() { printf 'slotsvc: %s\n' "$*" >&2; }

good_python() {
    # A pyenv shim may stand on PATH and still refuse to run: ask it.
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.14 python3 python; do
        if good_python "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

give_up() {
    say "$*"
    exit 1
}

create() {
    if [ -n "$uv" ]; then
        # where no Python was found uv may know or fetch one
        uv venv --quiet --clear --python "${python:-3.13}" "$venv" && return
        [ -z "$python" ] || return 1
        need_python
    else
        "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
            give_up "$python cannot make a virtual environment: install python3-venv (Debian, Ubuntu) or uv."
        "$python" -m venv --clear "$venv"
    fi
}

need_python() {
    give_up "needs Python 3.12 or newer: install python3.13, or uv (which brings one), or name one: make demo PYTHON=/path/to/python3.13"
}

usable() {
    good_python "$venv/bin/python" || return 1
    # a venv made by uv has no pip: start again once uv has gone
    [ -n "$uv" ] || "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

install() {
    if [ -n "$uv" ]; then
        uv pip install --quiet --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

fill() {
    install --require-hashes "$@" &&
        install --no-deps --no-build-isolation --editable .
}

set_up() {
    [ -n "$uv$python" ] || usable || need_python
    # said first: making the environment takes seconds, filling it with pip half a minute
    say "Installing with ${uv:-pip} (once, about 800 MB in $venv) ..."
    usable || create || return 1
    fill "$@"
}

for file in "$@"; do
    shift
    set -- "$@" -r "$file"
done
python=$(find_python)
uv=
if uv --version >/dev/null 2>&1; then
    uv=uv
    # like pip, trust the certificates that this machine trusts
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
fi
set_up "$@" && exit
if [ -n "$uv" ] && [ -n "$python" ]; then
    say "uv could not do it, trying pip"
    uv=
    set_up "$@" && exit
fi
give_up "the packages could not be installed: the messages above say why"
