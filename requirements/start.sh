# shellcheck shell=sh
# Sourced by the launchers (build-all, build-env, run-tests, .ci/run), which set `root` to the checkout. It owns the quick
# check whether .venv holds the locked packages; making .venv is the work of install.py. POSIX sh, because it runs before
# anything is known of the machine, and one process (cmp), because every command of a user waits for it.

: "${root:?is set by the launcher that sources this file}"

# prepare LOCK [ARGUMENT...]: make .venv hold the packages of requirements/LOCK.txt; the arguments are searched for --setup.
prepare() {
    if [ -x "$root/.venv/bin/python" ] &&
        cmp -s "$root/requirements/$1.txt" "$root/.venv/installed-$1.txt" 2>/dev/null; then
        return 0
    fi
    find_python
    "$python" "$root/requirements/install.py" "$@"
}

# find_python: set `python` to the first interpreter that is new enough, or end with status 4.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            return 0
        fi
    done
    found=$(python3 --version 2>/dev/null) || found="no python3"
    echo "build-env: Python 3.11 or newer is needed, and PATH has $found" >&2
    echo "           install a newer Python, then start this command again" >&2
    exit 4
}

# start MODULE [ARGUMENT...]: run the module in place of this shell. -P keeps the caller's directory out of the import path.
start() {
    module=$1
    shift
    prepare runtime "$@"
    exec "$root/.venv/bin/python" -P -m "$module" "$@"
}
