#!/bin/sh
# Makes .venv exactly as requirements.txt says. PYTHON=... names the interpreter (3.11 or 3.12).
set -eu
cd "$(dirname "$0")/.."

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' >/dev/null 2>&1
}

# Runs a step of the installation. A full disk is told as that: installers tell of it in a traceback, or of one file.
step() {
    said=$("$@" 2>&1) && return
    case $said in
    *"No space left on device"* | *"os error 28"*)
        cat >&2 <<MESSAGE
The disk is full: what Acervo needs takes about 1.2 GB, and $(pwd) has $(df -Ph . | awk 'NR == 2 { print $4 }') left.
Packages are kept in ${UV_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/uv} too. Make room, and give the same command again.
MESSAGE
        ;;
    *) echo "$said" >&2 ;;
    esac
    return 1
}

python=
for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3; do
    if suits "$candidate"; then python=$candidate; break; fi
done
uv=$(command -v uv || true)

if [ -n "${PYTHON:-}" ] && [ "$python" != "$PYTHON" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11 or 3.12 that runs." >&2
    exit 1
fi
if [ -z "$python" ] && [ -z "$uv" ]; then
    cat >&2 <<'MESSAGE'
Acervo needs Python 3.11 or 3.12, and neither python3.11, python3.12 nor python3 here is one.
  Debian, Ubuntu:  sudo apt-get install python3.11 python3.11-venv
  macOS:           brew install python@3.11
  anywhere:        install uv (https://docs.astral.sh/uv/), which fetches a Python by itself
An interpreter elsewhere: make ... PYTHON=/path/to/python3.11
MESSAGE
    exit 1
fi

# An interpreter that is gone, or one of another version, leaves a folder that cannot be repaired.
suits .venv/bin/python || rm -rf .venv
if [ ! -d .venv ]; then
    if [ -n "$uv" ]; then
        step "$uv" venv --quiet --python "${python:-3.11}" .venv
    elif ! step "$python" -m venv .venv; then
        rm -rf .venv
        echo "$python could not make a virtual environment. Where it cannot at all, on Debian: apt-get install python3-venv" >&2
        exit 1
    fi
fi
if [ -z "$uv" ]; then
    step .venv/bin/python -m pip install --quiet --disable-pip-version-check "$(sed -n 's/^\(uv==[^ ;]*\).*/\1/p' requirements.txt)"
    uv=.venv/bin/uv
fi

echo "Installing what requirements.txt lists into .venv (about a minute the first time, seconds with a warm cache)"
step "$uv" pip sync --quiet --python .venv/bin/python requirements.txt
step "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch .venv/.ready
