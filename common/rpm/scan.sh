#!/bin/bash
# Says what spec files declare, evaluated for the target: parsing a spec runs code, so it happens in a room.
# Arguments: spec files relative to the build root, "src/greet/rpm/greet.spec"; none: all below src/.
# Writes out/spec-facts.json, one JSON object per line and spec file:
#   directory       of the package, "src/greet"         source          name of the source package
#   version, release                                    noarch          every binary package is noarch
#   mixed           some of them are, and others not    changed         seconds of the newest %changelog entry, or 0
#   binaries        names of the binary packages        provides        names that they provide
#   requires        names that they need when installed build_requires  names needed to build, of any kind
# Names only: no versions, and from a rich dependency every name in it.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/lib.sh"

# json_names: a JSON list of the names in the dependencies of standard input
json_names() {
    awk '
        function take(word) {
            if (word == "" || word in seen) return
            seen[word] = 1
            gsub(/["\\]/, "\\\\&", word)
            list = list (list == "" ? "" : ", ") "\"" word "\""
        }
        /[\001-\037]/ { exit 1 }
        # A rich dependency: words that are no operator, no version, and brackets that belong to no name.
        /^\(/ {
            count = split($0, words, / +/)
            for (i = 1; i <= count; i++) {
                word = words[i]
                if (word ~ /^[<=>]+$/) { i++; continue }
                sub(/^\(+/, "", word)
                while (gsub(/\)/, ")", word) > gsub(/\(/, "(", word)) sub(/\)$/, "", word)
                if (word !~ /^(and|or|if|else|unless|with|without)$/) take(word)
            }
            next
        }
        { take($1) }
        END { print "[" list "]" }'
}

# add KEY ARGUMENT...: one list of names to the facts of $spec
add() {
    local key=$1 answer list
    shift
    answer=$(query_spec "$BUILD_ROOT/$spec" --target "$rpm_arch" "$@")
    list=$(printf '%s' "${answer:+$answer$'\n'}" | json_names) \
        || fail 1 "$spec declares a name with a control character"
    record+=", \"$key\": $list"
}

scan() {
    local directory=$1 identity architectures changed noarch=false mixed=false record
    identity=$(query_spec "$BUILD_ROOT/$spec" --srpm --queryformat \
        '"source": "%{NAME}", "version": "%{VERSION}", "release": "%{RELEASE}"\n')
    architectures=$(query_spec "$BUILD_ROOT/$spec" --target "$rpm_arch" --queryformat '%{ARCH}\n' | sort -u)
    case $architectures in
        noarch) noarch=true ;;
        *noarch*) mixed=true ;;
    esac
    changed=$(query_spec "$BUILD_ROOT/$spec" --srpm --queryformat '%{CHANGELOGTIME}\n')
    [[ $changed =~ ^[0-9]+$ ]] || changed=0
    record="\"directory\": \"$directory\", $identity, \"noarch\": $noarch, \"mixed\": $mixed, \"changed\": $changed"
    add binaries --queryformat '%{NAME}\n'
    add provides --provides
    add requires --requires
    add build_requires --srpm --requires
    say "{$record}"
}

need BUILD_ROOT BUILD_WORK BUILD_OUT ARCH
set_target_macros
rpm_arch=$(rpm_architecture "$ARCH")
cd "$BUILD_ROOT"
specs=("$@")
if [ "${#specs[@]}" -eq 0 ]; then
    mapfile -t specs < <(find src -path '*/rpm/*.spec' | LC_ALL=C sort)
fi
for spec in "${specs[@]}"; do
    [[ $spec =~ ^(src/[A-Za-z0-9._+/-]+)/rpm/[A-Za-z0-9._+-]+\.spec$ ]] \
        || fail "$EX_USAGE" "not a spec file of a package: $spec"
    [ -f "$spec" ] || fail "$EX_USAGE" "$spec is not there"
    scan "${BASH_REMATCH[1]}"
done >"$BUILD_WORK/spec-facts.json"
mv "$BUILD_WORK/spec-facts.json" "$BUILD_OUT/"
