
RUN set -eu; \
    mkdir -p /etc/pki/rpm-gpg; \
    printf '%s\n' \
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
        '' \
        'it'"'"'s one' \
        '-----END PGP PUBLIC KEY BLOCK-----' > /etc/pki/rpm-gpg/build-env-epel.asc; \
    mkdir -p /etc/yum.repos.d; \
    printf '%s\n' \
        '[build-env-epel]' \
        name=epel \
        'baseurl=https://example.invalid/$basearch/' \
        enabled=1 \
        gpgcheck=1 \
        repo_gpgcheck=0 \
        gpgkey=file:///etc/pki/rpm-gpg/build-env-epel.asc \
        skip_if_unavailable=0 \
        priority=90 > /etc/yum.repos.d/build-env-epel.repo; \
    dnf -y --disablerepo='*' --enablerepo=build-env-epel makecache || { echo 'build-env: cannot use the repository epel' >&2; exit 1; }

RUN set -eu; \
    mkdir -p /etc/pki/rpm-gpg; \
    printf '%s\n' \
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
        '' \
        'it'"'"'s one' \
        '-----END PGP PUBLIC KEY BLOCK-----' > /etc/pki/rpm-gpg/build-env-own.asc; \
    mkdir -p /etc/yum.repos.d; \
    printf '%s\n' \
        '[build-env-own]' \
        name=own \
        baseurl=https://example.invalid/own \
        enabled=1 \
        gpgcheck=1 \
        repo_gpgcheck=1 \
        gpgkey=file:///etc/pki/rpm-gpg/build-env-own.asc \
        skip_if_unavailable=0 > /etc/yum.repos.d/build-env-own.repo; \
    dnf -y --disablerepo='*' --enablerepo=build-env-own makecache || { echo 'build-env: cannot use the repository own' >&2; exit 1; }

RUN set -eu; \
    dnf -y --setopt='*.metadata_expire=never' module enable nodejs:18 || { echo 'build-env: cannot use the repository nodejs' >&2; exit 1; }
