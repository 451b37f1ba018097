#!/bin/bash
# Says what spec files declare, evaluated for the target: parsing a spec runs code, so it happens in a room.
# Writes out/spec-facts.json, one JSON object per line and spec file:
#   directory       of the package, "src/greet"         source          name of the source package
#   version, release                                    noarch          every binary package is noarch
#   mixed           some of them are, and others not    build_requires  what a build needs, as rpm writes it
#   unreadable      with spec, its path, in the place of all others: why it cannot be read, a list of lines
#   changed         seconds of the newest %changelog entry, or 0
#   dynamic         it finds more of what it needs while it is built (%generate_buildrequires)
#   sources         names of its sources and patches    remote          "NAME URL" of those that can be fetched
#   packages        of each binary package name, noarch, provides, requires; names that rpm will find in its files are
#                   among provides as far as the list of files tells them
# RPM_CHOICES says what is chosen about the builds of packages, in lines: "src/greet<tab>BUILD_WITH<tab>docs".
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/lib.sh"

# json_list: the lines of standard input as a JSON list of texts
json_list() {
    awk '
        /[\001-\010\013-\037]/ { exit 1 }
        { gsub(/["\\]/, "\\\\&"); list = list (list == "" ? "" : ", ") "\"" $0 "\"" }
        END { print "[" list "]" }'
}

# found_in_files SPEC: lines "PACKAGE<tab>NAME" for the names that rpm derives from files, by the lists of files
found_in_files() {
    rpmspec --parse "${RPM_MACROS[@]}" -D "_sourcedir ${1%/*}" --target "$rpm_arch" "$1" 2>/dev/null | awk -v lib64="$(rpm --target "$rpm_arch" --eval '%{_lib}')" '
        function give(name) { print package "\t" name }
        tolower($1) == "name:" && main == "" { main = $2 }
        /^%files([ \t]|$)/ {
            package = main
            for (i = 2; i <= NF; i++) {
                if ($i == "-n") package = $++i
                else if ($i == "-f") i++
                else if ($i !~ /^-/) package = main "-" $i
            }
            listed = 1
            next
        }
        /^%(package|description|prep|build|install|check|clean|changelog|pre|post|preun|postun|pretrans|posttrans|trigger[a-z]*|verifyscript|filetrigger[a-z]*|transfiletrigger[a-z]*|generate_buildrequires|conf)([ \t]|$)/ { listed = 0 }
        !listed { next }
        {
            path = $NF
            if (path !~ /^\//) next
            base = path; sub(/.*\//, "", base)
            if (path ~ /\/pkgconfig\/[^\/*?[]+\.pc$/) { sub(/\.pc$/, "", base); give("pkgconfig(" base ")") }
            else if (path ~ /\/cmake\/[^\/*?[]+(\/.*)?$/) {
                sub(/.*\/cmake\//, "", path); sub(/\/.*/, "", path); give("cmake(" path ")"); give("cmake(" tolower(path) ")")
            }
            else if (path ~ /^(\/usr)?\/s?bin\/[^*?[]+$/) give(path)
            else if (base ~ /^lib[^*?[]*\.so\.[0-9]+/) {
                match(base, /\.so\.[0-9]+/)
                give(substr(base, 1, RSTART + RLENGTH - 1) (lib64 == "lib64" ? "()(64bit)" : ""))
            }
            else if (path ~ /\/python3[^\/]*\/site-packages\/[^\/*?[]+-[^\/]*\.(dist|egg)-info/) {
                sub(/.*\/site-packages\//, "", path); sub(/-.*/, "", path); gsub(/[_.]+/, "-", path)
                give("python3dist(" tolower(path) ")")
            }
            else if (path ~ /\/perl5\/(vendor_perl\/)?([0-9.]+\/)?.*\.pm$/ && path !~ /[*?[]/) {
                sub(/.*\/perl5\/(vendor_perl\/)?([0-9.]+\/)?/, "", path); sub(/\.pm$/, "", path); gsub(/\//, "::", path)
                give("perl(" path ")")
            }
        }' || true
}

# relations SPEC PACKAGE ANSWER: those lines of an answer "PACKAGE<tab>NAME" that are about the package, as a JSON list
relations() {
    printf '%s\n' "$3" | awk -F '\t' -v package="$2" '$1 == package && $2 !~ /^rpmlib\(/ && !seen[$2]++ { print $2 }' \
        | json_list || fail 1 "${1##*/} declares a name with a control character"
}

scan() {
    local directory=$1 path noarch=false mixed=false dynamic=false identity architectures provides
    local requires needed name architecture packages='' own changed sources remote exclusive excluded
    path=$(readlink -f "$spec")
    identity=$(query_spec "$path" --srpm --queryformat \
        '"source": "%{NAME}", "version": "%{VERSION}", "release": "%{RELEASE}"\n')
    architectures=$(query_spec "$path" --target "$rpm_arch" --queryformat '%{NAME}\t%{ARCH}\n')
    case $(cut -f 2 <<<"$architectures" | sort -u | xargs) in
        noarch) noarch=true ;;
        *noarch*) mixed=true ;;
    esac
    ! grep -q '^%generate_buildrequires' "$path" || dynamic=true
    changed=$(query_spec "$path" --srpm --queryformat '%{CHANGELOGTIME}\n')
    [[ $changed =~ ^[0-9]+$ ]] || changed=0
    exclusive=$(query_spec "$path" --srpm --queryformat '[%{EXCLUSIVEARCH}\n]' | json_list) || fail 1 "${spec##*/}: ExclusiveArch"
    excluded=$(query_spec "$path" --srpm --queryformat '[%{EXCLUDEARCH}\n]' | json_list) || fail 1 "${spec##*/}: ExcludeArch"
    provides=$(query_spec "$path" --target "$rpm_arch" --queryformat '[%{=NAME}\t%{PROVIDENAME}\n]')$'\n'$(found_in_files "$path")
    requires=$(query_spec "$path" --target "$rpm_arch" --queryformat '[%{=NAME}\t%{REQUIRENAME}\n]')
    needed=$(query_spec "$path" --target "$rpm_arch" --srpm --requires)
    sources=$(source_names "$path" | json_list) || fail 1 "$spec names a source with a control character"
    remote=$(remote_sources "$path" | json_list) || fail 1 "$spec names a source with a control character"
    while IFS=$'\t' read -r name architecture; do
        own=false
        [ "$architecture" != noarch ] || own=true
        packages+="${packages:+, }{\"name\": \"$name\", \"noarch\": $own"
        packages+=", \"provides\": $(relations "$spec" "$name" "$provides")"
        packages+=", \"requires\": $(relations "$spec" "$name" "$requires")}"
    done <<<"$architectures"
    needed=$(printf '%s' "${needed:+$needed$'\n'}" | json_list) || fail 1 "$spec declares a name with a control character"
    say "{\"directory\": \"$directory\", $identity, \"noarch\": $noarch, \"mixed\": $mixed, \"dynamic\": $dynamic," \
        "\"exclusive\": $exclusive, \"excluded\": $excluded, \"changed\": $changed, \"sources\": $sources, \"remote\": $remote," \
        "\"build_requires\": $needed, \"packages\": [$packages]}"
}

# choose DIRECTORY: the target's macros, and what is chosen about that package
choose() {
    local whose name value
    while IFS=$'\t' read -r whose name value; do
        [ "$whose" != "$1" ] || declare -g "$name=${!name:+${!name}$'\n'}$value"
    done <<<"${RPM_CHOICES:-}"
    set_target_macros
}

need BUILD_ROOT BUILD_WORK BUILD_OUT ARCH
command -v rpmspec >/dev/null || fail "$EX_CONFIG" "rpmspec is not installed" "the image needs the package rpm-build"
set_target_macros
rpm_arch=$(rpm_architecture "$ARCH")
cd "$BUILD_ROOT"
for directory in src/*; do
    [[ $directory =~ ^src/[A-Za-z0-9._+-]+$ ]] || fail "$EX_USAGE" "not a package: $directory"
    spec=$directory
    # In a shell of its own: a spec that cannot be read must not keep the others from being read.
    set +e
    spec=$(set -e; spec_of "$directory" "$BUILD_WORK/given/${directory#src/}" 2>"$BUILD_WORK/complaint")
    status=$?
    spec=${spec:-$directory}
    if [ "$status" -eq 0 ]; then
        (set -e; choose "$directory"; scan "$directory") >"$BUILD_WORK/record" 2>"$BUILD_WORK/complaint"
        status=$?
    fi
    set -e
    if [ "$status" -eq 0 ]; then
        cat "$BUILD_WORK/record"
    else
        cat "$BUILD_WORK/complaint" >&2
        said=$(tail -n 5 "$BUILD_WORK/complaint" | tr -d '\001-\010\013-\037' | json_list)
        say "{\"directory\": \"$directory\", \"spec\": \"$spec\", \"unreadable\": $said}"
    fi
done >"$BUILD_WORK/spec-facts.json"
mv "$BUILD_WORK/spec-facts.json" "$BUILD_OUT/"
