# Four nodes, two CPUs each: races are lost, CPUs, and memory.
. /test/lib.sh
the_kernels_view
duration=5s
private="--workload private --engines lockless --tables 4"

# disturb COMMAND…: once all of four workers are there; then the run goes on.
disturb() {
	for i in $(seq 300); do
		pid=$(pidof iopt) && [ "$(ls "/proc/$pid/task" | wc -l)" -ge 5 ] && break
		sleep 0.1
	done
	sleep 1
	"$@"
	wait
}

step probe vm_probe 0,2,4,6

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
