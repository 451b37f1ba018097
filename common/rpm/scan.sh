#!/bin/bash
# Says what spec files declare, evaluated for the target: parsing a spec runs code, so it happens in a room.
# Arguments: spec files relative to the build root, "src/greet/rpm/greet.spec"; none: all below src/.
# Writes out/spec-facts.json, one JSON object per line and spec file:
#   directory       of the package, "src/greet"         source          name of the source package
#   version, release                                    noarch          every binary package is noarch
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

# names SPEC ARGUMENT...
names() {
    local answer
    answer=$(query_spec "$@") || exit
    printf '%s' "${answer:+$answer$'\n'}" | json_names || fail 1 "${1##*/} declares a name with a control character"
}

facts() {
    local spec=$1 directory=$2 identity architectures noarch=false
    identity=$(query_spec "$spec" --srpm --queryformat \
        '"source": "%{NAME}", "version": "%{VERSION}", "release": "%{RELEASE}"\n')
    architectures=$(query_spec "$spec" --target "$rpm_arch" --queryformat '%{ARCH}\n')
    [ "$architectures" != noarch ] || noarch=true
    printf '{"directory": "%s", %s, "noarch": %s, ' "$directory" "$identity" "$noarch"
    printf '"binaries": %s, ' "$(names "$spec" --target "$rpm_arch" --queryformat '%{NAME}\n')"
    printf '"provides": %s, ' "$(names "$spec" --target "$rpm_arch" --provides)"
    printf '"requires": %s, ' "$(names "$spec" --target "$rpm_arch" --requires)"
    printf '"build_requires": %s}\n' "$(names "$spec" --target "$rpm_arch" --srpm --requires)"
}

need BUILD_ROOT BUILD_OUT ARCH
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
    facts "$BUILD_ROOT/$spec" "${BASH_REMATCH[1]}"
done >"$BUILD_OUT/spec-facts.json"
