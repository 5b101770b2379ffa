#!/bin/sh
# sysroot.sh DIR: the arm64 libraries that iopt is built on, from Debian's packages, unpacked under DIR.
# Nothing is installed: apt works on lists and a package state of its own, for that architecture.
set -eu
dir=$1
packages="libc6-dev libhwloc-dev libnuma-dev libjemalloc-dev libinih-dev libjansson-dev zlib1g-dev
libbsd-dev libcmocka-dev"

[ "$(cat "$dir/complete" 2>/dev/null)" = "$packages" ] && exit 0
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/root"
dir=$(cd "$dir" && pwd)
: >"$dir/status"
cat >"$dir/apt.conf" <<EOF
APT::Architecture "arm64";
APT::Architectures "arm64";
APT::Sandbox::User "";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Debug::NoLocking "true";
EOF
export APT_CONFIG="$dir/apt.conf" DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words is what is wanted
apt-get install -y -qq --download-only --no-install-recommends $packages >/dev/null
for package in "$dir"/cache/archives/*.deb; do
	dpkg-deb -x "$package" "$dir/root"
done
# links to absolute paths would lead out of the root
find "$dir/root" -type l -lname '/*' | while read -r link; do
	ln -sf --no-dereference --relative "$dir/root$(readlink "$link")" "$link"
done
rm -rf "$dir/lists" "$dir/cache" "$dir/status" "$dir/apt.conf"
printf '%s\n' "$packages" >"$dir/complete"
