# Two nodes, two CPUs each: CPUs 0-1, 2-3. Are the engines right there, and would it be noticed?
. /test/lib.sh
the_kernels_view

# verify NAME OPTION…
verify() {
	name=$1
	shift
	step "$name" iopt verify --seed 7 --format json "$@"
}

# The process that works: iopt has each part done by a child of its own. Nothing before it has its threads.
child() {
	parent=$(pidof iopt | tr ' ' '\n' | sort -n | head -n 1)
	found=$(grep -ls "^PPid:	${parent:-none}$" /proc/[0-9]*/status | cut -d / -f 3)
	[ -n "$found" ] && [ "$(find "/proc/$found/task" -maxdepth 1 | wc -l)" -gt "$1" ] && echo "$found"
}

# seen NAME THREADS OPTION…: the same, long enough to be looked at from outside twice.
seen() {
	name=$1
	threads=$2
	shift 2
	for seconds in 3 10 30; do
		rm -f "$name".*
		verify "$name" "$@" --seconds $seconds &
		running=$!
		until pid=$(child $((threads + 1))) || [ -e "$name.rc" ]; do sleep 0.05; done
		look_at "$pid" "$name"
		wait "$running"
		snapshots=$(grep -cs snapshot "$name.maps")
		[ "${snapshots:-0}" -lt 2 ] || break
	done
}

seen race 4 --layer race --engine lockless --threads 3
verify engines --engine lockless,lockless-2019 --threads 2 --seconds 2
# these end when it is caught
verify replicas --break wrong-replicas --layer race --threads 3 --seconds 100
verify flush --break b22-one-less --layer device --threads 2 --seconds 100
