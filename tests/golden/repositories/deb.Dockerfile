
RUN set -eu; \
    mkdir -p /etc/apt/keyrings; \
    printf '%s\n' \
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
        '' \
        'it'"'"'s one' \
        '-----END PGP PUBLIC KEY BLOCK-----' > /etc/apt/keyrings/build-env-backports.asc; \
    mkdir -p /etc/apt/sources.list.d; \
    printf '%s\n' \
        'Types: deb' \
        'URIs: https://example.invalid/debian' \
        'Suites: bookworm-backports' \
        'Components: main' \
        'Signed-By: /etc/apt/keyrings/build-env-backports.asc' > /etc/apt/sources.list.d/build-env-backports.sources; \
    mkdir -p /etc/apt/preferences.d; \
    printf '%s\n' \
        'Package: *' \
        'Pin: release n=bookworm-backports' \
        'Pin-Priority: 600' \
        '' \
        'Package: *' \
        'Pin: release a=bookworm-backports' \
        'Pin-Priority: 600' > /etc/apt/preferences.d/build-env-backports; \
    apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/build-env-backports.sources -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any || { echo 'build-env: cannot use the repository backports' >&2; exit 1; }

RUN set -eu; \
    mkdir -p /etc/apt/keyrings; \
    printf '%s\n' \
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
        '' \
        'it'"'"'s one' \
        '-----END PGP PUBLIC KEY BLOCK-----' > /etc/apt/keyrings/build-env-ppa.asc; \
    mkdir -p /etc/apt/sources.list.d; \
    printf '%s\n' \
        'Types: deb' \
        'URIs: https://example.invalid/debian/ppa' \
        'Suites: bookworm' \
        'Components: a b' \
        'Signed-By: /etc/apt/keyrings/build-env-ppa.asc' > /etc/apt/sources.list.d/build-env-ppa.sources; \
    mkdir -p /etc/apt/preferences.d; \
    printf '%s\n' \
        'Package: *' \
        'Pin: origin "example.invalid"' \
        'Pin-Priority: 700' > /etc/apt/preferences.d/build-env-ppa; \
    apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/build-env-ppa.sources -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any || { echo 'build-env: cannot use the repository ppa' >&2; exit 1; }

RUN set -eu; \
    mkdir -p /etc/apt/keyrings; \
    printf '%s\n' \
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
        '' \
        'it'"'"'s one' \
        '-----END PGP PUBLIC KEY BLOCK-----' > /etc/apt/keyrings/build-env-flat.asc; \
    mkdir -p /etc/apt/sources.list.d; \
    printf '%s\n' \
        'Types: deb' \
        'URIs: https://example.invalid/debian/flat' \
        'Suites: ./' \
        'Signed-By: /etc/apt/keyrings/build-env-flat.asc' > /etc/apt/sources.list.d/build-env-flat.sources; \
    apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/build-env-flat.sources -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any || { echo 'build-env: cannot use the repository flat' >&2; exit 1; }
