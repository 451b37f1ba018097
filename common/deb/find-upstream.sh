#!/bin/bash
# Finds the upstream tarball of a package's version by its debian/watch: find-upstream.sh FOLDER. Root installs uscan,
# which then runs as nobody. Prints
#   version VERSION                 that of the changelog, without its revision
#   file DIGEST SIZE NAME URL       the tarball, by the name that dpkg-source looks for
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/deb/lib.sh
. "$here/lib.sh"

install_uscan() {
    ! command -v uscan >/dev/null || return 0
    need_index
    offer_archives
    run_apt install devscripts libwww-perl >/dev/null || fail "$EX_CONFIG" "devscripts, which has uscan, cannot be installed"
}

# as_nobody COMMAND...: the package says what is run
as_nobody() {
    HOME=$place setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs \
        timeout 600 "$@"
}

# tag NAME: what uscan says between <NAME> and </NAME>
tag() {
    sed -n "s,^<$1>\(.*\)</$1>\$,\1,p" "$place/answer" | head -n 1
}

folder=${1:-}
[ -d "$folder" ] || fail "$EX_USAGE" "usage: find-upstream.sh FOLDER"
need_root
packaging=$folder/deb
[ -f "$packaging/changelog" ] || packaging=$folder/debian
[ -f "$packaging/watch" ] || fail 1 "${folder##*/} has no debian/watch, which says where upstream's tarballs are" \
    "put the tarball into the package's directory or beside it"
version=$(dpkg-parsechangelog -l "$packaging/changelog" -S Version)
version=${version#*:}
version=${version%-*}
install_uscan
place=$(mktemp -d)
mkdir -p "$place/tree" "$place/out"
cp -R "$packaging" "$place/tree/debian"
chown -R 65534:65534 "$place"
cd "$place/tree"
if ! as_nobody uscan --dehs --no-symlink --download-current-version --destdir "$place/out" >"$place/answer" 2>"$place/said"; then
    ! grep -Eq "Can't connect|timeout|failed: 5[0-9][0-9]|Temporary failure" "$place/said" "$place/answer" \
        || fail "$EX_TEMPFAIL" "the server that debian/watch names cannot be reached" "$(cat "$place/said" "$place/answer" | tail -n 5 | xargs -d '\n')"
    fail 1 "uscan does not find upstream's tarball of $version" "$(cat "$place/said" "$place/answer" | tail -n 5 | xargs -d '\n')"
fi
url=$(tag upstream-url)
[[ $url =~ ^https?://[^[:space:]@]+$ ]] || fail 1 "uscan names no address that can be pinned: ${url:-none}"
file=$(tag target-path)
[ -f "$file" ] || fail 1 "uscan did not leave the file of $url"
case ${url%%#*} in
*.tar.xz | *.txz) kind=xz ;;
*.tar.bz2 | *.tbz2) kind=bz2 ;;
*.tar.gz | *.tgz) kind=gz ;;
*) fail 1 "$url is no tarball that dpkg-source takes" "make a .tar.gz, .tar.xz or .tar.bz2 of it, and put it beside the package" ;;
esac
say "version $version"
name=$(dpkg-parsechangelog -l debian/changelog -S Source)_$version.orig.tar.$kind
say "file $(sha256sum <"$file" | cut -d ' ' -f 1) $(stat -c %s "$file") $name $url"
