#!/bin/sh
# timefold_venv.sh VENV REQUIREMENTS.txt
#
# Makes VENV for Timefold's Python build, where that can run: Python 3.10 to 3.12 (uv may fetch
# one) and Java 17 or newer. Elsewhere it says what is missing and ends well: the comparison then
# goes without it. TIMEFOLD_PYTHON=... names an interpreter.
set -eu

venv=$1
pins=$2

say() { printf 'slotsvc: %s\n' "$*" >&2; }

leave_out() {
    say "Timefold is left out: $*"
    exit 0
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${TIMEFOLD_PYTHON:-} python3.12 python3.11 python3.10 \
        /usr/bin/python3.12 /usr/bin/python3.11 /usr/bin/python3.10; do
        if fits "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

[ "$venv/.ready" -nt "$pins" ] && exit 0

major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
[ "${major:-0}" -ge 17 ] || leave_out "it needs Java 17 or newer."
python=$(find_python)
if uv --version >/dev/null 2>&1; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
    uv venv --quiet --clear --python "${python:-3.12}" "$venv" &&
        uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$pins" ||
        leave_out "its packages could not be installed."
elif [ -n "$python" ]; then
    "$python" -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes -r "$pins" ||
        leave_out "its packages could not be installed."
else
    leave_out "it needs Python 3.10 to 3.12."
fi
touch "$venv/.ready"
