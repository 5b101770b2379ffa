# CPUs 0-1, 2-3, 4-5, 6-7, none: node 1 has no memory, node 4 no CPU, node 3 none that is online.
. /test/lib.sh

online 1 0
online 6 0
online 7 0
the_kernels_view
step topo iopt topo
step topo-json iopt topo --format json

watched local --tables 4 --threads 5
watched bind --tables 4 --threads 2 --mem bind:4
watched interleave --tables 32 --threads 5 --mem interleave
watched remote --tables 4 --threads 5 --mem remote
run mems --tables 4 --threads 4 --place node-rr --mem bind:3,device:4
step probe vm_probe 0,2,3,4

step no-memory iopt run --mem bind:1 --threads 1
step no-memory-device iopt run --mem device:1 --threads 1
step no-cpus iopt run --place node:4 --threads 1
step all-offline iopt run --place node:3 --threads 1
step offline iopt run --place cpus:0,6 --threads 2
step too-many iopt run --threads 6

# holes in the cpuset, and memory of some nodes only
group holes cpuset.cpus 0,3,5-7
(in_group holes watched hole --tables 4 --threads all)
(in_group holes step hole-topo iopt topo --format json)
(in_group holes step hole-taken iopt run --place cpus:0,4 --threads 2)
echo 0,3 >/sys/fs/cgroup/holes/cpuset.mems
(in_group holes watched hole-mems --tables 4 --threads all)
(in_group holes run hole-interleave --tables 32 --threads all --mem interleave)
(in_group holes step hole-refused iopt run --mem bind:2 --threads 1)
