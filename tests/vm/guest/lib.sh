# What the guests' scripts have in common. Each step NAME leaves files called NAME.* in /out.

# Short slices of few operations: software emulation is slow, and its times mean nothing.
quick="--engines lockless --slice 2ms --warmup 0 --sample none --seed 7"

# step NAME COMMAND…: its stdout, stderr and exit status.
step() {
	name=$1
	shift
	"$@" >"$name.out" 2>"$name.err" </dev/null
	echo $? >"$name.rc"
	echo "$(cut -d ' ' -f 1 /proc/uptime) $name" >>steps
}

# run NAME OPTION…: iopt run with a result in JSON.
run() {
	name=$1
	shift
	# shellcheck disable=SC2086 # a list of words
	step "$name" iopt run --duration "${duration:-0.2s}" $quick --format json --quiet "$@"
}

# While process PID lives: where the kernel lets its threads run, where they ran last, where its memory is.
look_at() {
	while [ -e "/proc/$1/exe" ]; do
		grep -H Cpus_allowed_list "/proc/$1/task/"*/status >>"$2.allowed"
		cat "/proc/$1/task/"*/stat >>"$2.stat"
		echo snapshot >>"$2.maps"
		cat "/proc/$1/numa_maps" >>"$2.maps"
		sleep 0.1
	done 2>/dev/null
}

# watched NAME OPTION…: run, long enough to be looked at from outside.
watched() {
	duration=1s run "$@" &
	running=$!
	until pid=$(pidof iopt) || [ -e "$1.rc" ]; do sleep 0.05; done
	look_at "$pid" "$1"
	wait "$running"
}

# online CPU 0|1
online() {
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# What the checks on the host take for the truth.
the_kernels_view() {
	grep -H . /sys/devices/system/node/node*/cpulist /sys/devices/system/node/node*/distance >nodes
	cat /sys/devices/system/cpu/online >cpus
}

# group NAME FILE VALUE: a control group with that restriction.
group() {
	echo +cpuset +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "/sys/fs/cgroup/$1"
	echo "$3" >"/sys/fs/cgroup/$1/$2"
}

# in_group NAME COMMAND…: as a member of it; in a subshell, for there is no way back.
in_group() {
	echo 0 >"/sys/fs/cgroup/$1/cgroup.procs"
	shift
	"$@"
}
