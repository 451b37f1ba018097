# shellcheck shell=sh
# Makes the inside of a bare machine and becomes its first process; sourced by sh from bare.py, in namespaces of its own.
#
# $1 is the directory of what it is made of, $2 its control groups. The caller writes the map of users when it reads
# "waiting", and a line when the network is there.
set -eu
if [ "${stage:-}" != inside ]; then
    echo waiting
    read -r _
    # A process is root of the new user namespace, with all capabilities, only if it begins when users are mapped.
    stage=inside exec sh "$0" "$@"
fi
place=$1 groups=$2
mount --rbind "$place/root" "$place/root" # a mount of ours: the one from outside is locked, and could not become the root
cd "$place/root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 cgroups sys/fs/cgroup
    for group in $groups; do
        controller=$(basename "$(dirname "$group")")
        mkdir "sys/fs/cgroup/$controller"
        mount --bind "$group" "sys/fs/cgroup/$controller"
    done
fi
mount -t tmpfs -o nosuid,mode=755 dev dev
mkdir dev/net dev/pts dev/shm
for device in null zero full random urandom tty fuse net/tun; do # none may be made here
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "dev/${stream#*:}"; done
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=755 run run
mkdir -p var/lib/docker repository old-root
mount --bind "$place/engine" var/lib/docker # an engine's layers cannot lie on layers
mount --bind "$place/repository" repository
mount -o remount,bind,ro repository
pivot_root . old-root
umount -l old-root
rmdir old-root
hostname bare
echo up
exec </dev/null >/dev/null 2>&1
exec setpriv --pdeathsig KILL sleep infinity # what unshare asked for was lost when this became root
