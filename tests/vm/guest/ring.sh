# Four nodes in a circle, two CPUs each: CPUs 0-1, 2-3, 4-5, 6-7.
. /test/lib.sh
the_kernels_view

step topo iopt topo
step topo-json iopt topo --format json
step topo-rr iopt topo --format json --place node-rr --threads 6

# threads and table pages
watched local --tables 4 --threads 8
watched bind --tables 4 --threads 4 --place node-rr --mem bind:2
watched remote --tables 4 --threads 8 --mem remote
watched interleave --tables 32 --threads 8 --mem interleave
run mems --tables 32 --threads 4 --place cpus:7,0,5-6 --mem local,bind:3,device:0,interleave
run places --tables 4 --threads 4 --place compact,scatter

# a fresh table each slice, from pages that were in the one before
run cold --workload cursor --round 200 --threads 4 --place node-rr

# what is not there
step no-bind iopt run --mem bind:9 --threads 1
step no-device iopt run --mem device:4 --threads 1
step no-node iopt run --place node:9 --threads 1
step no-cpu iopt run --place cpus:8 --threads 1
step no-threads iopt run --threads 9
step no-room iopt run --place node:3 --threads 3
