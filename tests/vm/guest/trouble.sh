# Four nodes, two CPUs each; a run is disturbed from outside.
. /test/lib.sh
the_kernels_view
duration=60s
private="--workload private --engines lockless --tables 4"

# disturb COMMAND…: once all of four workers are there; ends the run a moment later.
disturb() {
	for i in $(seq 300); do
		pid=$(pidof iopt) && [ "$(ls "/proc/$pid/task" | wc -l)" -ge 5 ] && break
		sleep 0.1
	done
	sleep 1
	"$@"
	sleep 2
	kill -INT "$pid"
	wait
}

# a worker's CPU goes offline
run offline $private --threads 4 --place node-rr &
disturb online 4 0
online 4 1

# the set of allowed CPUs shrinks
group shrinks cpuset.cpus 0-7
(in_group shrinks run shrunk $private --threads 4 --place node-rr) &
disturb eval 'echo 0-3 >/sys/fs/cgroup/shrinks/cpuset.cpus'

# too little memory
group small memory.max 16M
(duration=0.2s; in_group small run small --workload cursor --engines lockless --round 8192 --threads 4)
cp /sys/fs/cgroup/small/memory.events small.events
step after iopt version
