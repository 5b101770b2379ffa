# Four nodes, two CPUs each: races are lost, CPUs, and memory.
. /test/lib.sh
the_kernels_view
duration=5s

# disturb NAME COMMAND…: once all four workers of that run are there (or it has ended, and so failed).
disturb() {
	until [ "$(find "/proc/$(pidof iopt)/task" -maxdepth 1 | wc -l)" -gt 5 ] || [ -e "$1.rc" ]; do
		sleep 0.1
	done
	sleep 1
	shift
	"$@"
	wait
}

step probe vm_probe 0,2,4,6

# a worker's CPU goes offline
run offline --tables 4 --threads 4 --place node-rr &
disturb offline online 4 0
online 4 1

# the set of allowed CPUs shrinks
group shrinks cpuset.cpus 0-7
(in_group shrinks run shrunk --tables 4 --threads 4 --place node-rr) &
disturb shrunk eval 'echo 0-3 >/sys/fs/cgroup/shrinks/cpuset.cpus'

# too little memory
group small memory.max 16M
(duration=0.2s; in_group small run small --workload cursor --round 8192 --threads 4)
cp /sys/fs/cgroup/small/memory.events small.events
step after iopt version
