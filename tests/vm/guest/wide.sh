# Eight nodes in a circle, two cores of two threads each: CPUs 0-3, 4-7, … 28-31.
. /test/lib.sh
the_kernels_view
grep -H . /sys/devices/system/cpu/cpu*/topology/thread_siblings_list >siblings

step topo iopt topo
step topo-json iopt topo --format json --place scatter --threads 20
watched remote --tables 4 --threads 16 --place node-rr --mem remote
run places --tables 4 --threads 4 --place compact,scatter,node:5,cpus:31,0,8-9 --smt last
run interleave --threads 8 --place node-rr --mem interleave --tables 64
run pack --tables 4 --threads 4 --smt pack
step no-cores iopt run --threads 17 --smt off
step no-threads iopt run --threads 33
