#!/bin/sh
# Print the path of a Chromium for the browser tests. SLOTSVC_TEST_CHROMIUM wins; then what is on
# PATH; then, for root on Debian and Ubuntu, the distribution's own package is installed.
set -eu

found() {
    if [ -n "${SLOTSVC_TEST_CHROMIUM:-}" ]; then
        command -v "$SLOTSVC_TEST_CHROMIUM" && return
        echo "SLOTSVC_TEST_CHROMIUM is no program: $SLOTSVC_TEST_CHROMIUM" >&2
        exit 1
    fi
    # a snap's stub is not a browser that tests can start
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name") || continue
        case $("$path" --version 2>/dev/null) in
            *[0-9]*) echo "$path"; return ;;
        esac
    done
    return 1
}

found && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "The browser tests need Chromium; installing it with apt-get …" >&2
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get -qq update
        apt-get -qq install -y --no-install-recommends chromium
    } >/dev/null 2>&1 || true
    found && exit
fi
echo "No Chromium found. Install it (Debian: apt-get install chromium) or name one in SLOTSVC_TEST_CHROMIUM." >&2
exit 1
