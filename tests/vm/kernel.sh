#!/bin/sh
# kernel.sh: put the kernel that the guests of tests/vm boot into build/vm/vmlinuz, once: Debian's
# cloud kernel, unpacked and not installed. Elsewhere set IOPT_VM_KERNEL to an x86-64 kernel with
# NUMA, cgroups, devtmpfs and the 8250 serial port built in.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
folder=$top/build/vm

cannot() {
	echo "no guest kernel, tests/vm will be skipped: $*" >&2
	exit 69
}
[ -z "${IOPT_VM_KERNEL:-}" ] || exit 0
[ ! -s "$folder/vmlinuz" ] || exit 0
command -v apt-get >/dev/null || cannot "no apt-get here; set IOPT_VM_KERNEL"
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# the package of that name only depends on the newest version's
download() {
	package=$(apt-cache depends linux-image-cloud-amd64:amd64 2>>log |
		sed -n 's/.*Depends: *\(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1)
	[ -n "$package" ] && apt-get download "$package" >>log 2>&1
}
update() {
	if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo -n apt-get update -qq; fi
}
download || { update >>log 2>&1 && download; } || cannot "$(tail -n 1 log)"
dpkg-deb -x ./*.deb .
mv boot/vmlinuz-* "$folder/vmlinuz"
