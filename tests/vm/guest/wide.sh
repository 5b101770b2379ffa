# Eight nodes in a circle, two cores of two threads each: CPUs 0-3, 4-7, … 28-31.
. /test/lib.sh
the_kernels_view
grep -H . /sys/devices/system/cpu/cpu*/topology/thread_siblings_list >siblings
step topo iopt topo
step topo-json iopt topo --format json
private="--workload private --engines lockless --tables 4"
run places $private --threads 4 --place compact,scatter,node-rr,node:5,cpus:31,0,8-9
