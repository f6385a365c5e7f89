# Shared by the install scripts: Python environments of the project's own, so that nothing of PyPI gets into the system.
source scripts/retry.sh

# make_venv FOLDER REQUIREMENTS makes a virtual environment with what the file names, unless the folder has just that.
make_venv() {
    local venv="$1" requirements="$2" made=no python
    if cmp -s "$requirements" "$venv/installed.txt" && "$venv/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    echo "making $venv" >&2
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    # Whatever python3 is first in PATH (a pyenv, say) may lack ensurepip; Debian's own has it with python3-venv.
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
            "$python" -m venv "$venv" >/dev/null 2>&1; then
            made=yes
            break
        fi
        rm -rf "$venv"
    done
    if [[ "$made" == no ]]; then
        echo "$0: neither python3 nor /usr/bin/python3 (3.11 or later) can make a virtual environment." >&2
        echo "$0: is python3-venv there for it?" >&2
        return 1
    fi
    # Also where the caller asks for the outcome, which turns `set -e` off.
    retry "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2 || return 1
    cp "$requirements" "$venv/installed.txt"
}
