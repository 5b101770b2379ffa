"""Odd machines: a node without memory, one without CPUs, offline CPUs, cpusets with holes."""
import json

from case import Guest, Node, main

DISTANCES = [[10, 20, 30, 40, 40],
             [20, 10, 15, 40, 40],
             [30, 15, 10, 20, 40],
             [40, 40, 20, 10, 40],
             [40, 40, 40, 40, 10]]
WITH_MEMORY = (0, 2, 3, 4)


class Odd(Guest):
    """CPUs 0 on node 0, 2-3 on node 1, 4-5 on node 2; 1, 6 and 7 are offline: 6-7 is all of node 3."""
    SCRIPT, DISTANCES = "odd.sh", DISTANCES
    NODES = [Node(2, 128), Node(2, 0), Node(2, 128), Node(2, 128), Node(0, 128)]

    def test_machine(self):
        self.assertEqual([self.distance[n] for n in range(5)], self.DISTANCES)
        self.assertEqual(self.cpu_node, {0: 0, 2: 1, 3: 1, 4: 2, 5: 2})

    def test_topo(self):
        text = self.fine("topo")
        self.assertRegex(text, r"5 nodes, .* 5 CPUs \(5 allowed\)")
        self.assertRegex(text, r"(?m)^offline: CPUs 1,6-7$")
        self.assertRegex(text, r"(?m)^node 1: no memory, 2 CPUs")
        self.assertRegex(text, r"(?m)^node 3: \d+ MiB, no CPUs")
        shown = json.loads(self.fine("topo-json"))
        self.assertEqual({n["node"]: n["distance"] for n in shown["nodes"]}, self.distance)
        self.assertEqual({c["cpu"]: c["node"] for c in shown["cpus"]}, self.cpu_node)
        self.assertEqual([n["node"] for n in shown["nodes"] if n["memory_bytes"]], [*WITH_MEMORY])

    def test_local(self):
        """Local to a node without memory is the nearest with it: 2 at 15, not 0 at 20."""
        self.check_workers(self.case("local"), [0, 2, 3, 4, 5])
        self.check_threads("local", [0, 2, 3, 4, 5])
        self.check_pages(self.case("local"), [0, 2, 2, 2, 2])
        self.check_memory("local", "prefer", [0, 2])

    def test_only_memory(self):
        """A node without CPUs, and one whose CPUs are offline, have memory for the asking."""
        self.check_pages(self.case("bind"), [4, 4])
        self.check_memory("bind", "bind", [4])
        bind, device = self.cases("mems")
        self.check_workers(bind, [0, 2, 4, 3])
        self.check_pages(bind, [3] * 4)
        self.check_pages(device, [4] * 4)

    def test_remote(self):
        self.check_remote(self.case("remote"), WITH_MEMORY)
        # 3 and 4 are equally far from nodes 0 and 1, which do not both take the same
        self.check_pages(self.case("remote"), [3, 4, 4, 4, 4])
        self.check_memory("remote", "bind", [3, 4])

    def test_interleave(self):
        self.check_even(self.case("interleave"), WITH_MEMORY, 4)
        self.check_memory("interleave", "prefer", WITH_MEMORY)

    def test_given_back(self):
        self.check_probe("probe", {0: 0, 2: 2, 3: 2, 4: 2})

    def test_refused(self):
        self.refused(69, r"--mem bind:1: node 1 has no memory: .* 0,2-4$", "no-memory")
        self.refused(69, r"--mem device:1: node 1 has no memory: .* 0,2-4$", "no-memory-device")
        self.refused(69, r"--place node:4: .* no CPUs.* 0-2$", "no-cpus")
        self.refused(69, r"--place node:3: .* no CPUs.* 0-2$", "all-offline")
        self.refused(69, r"--place cpus:0,6: CPU 6 is offline: CPUs 0,2-5$", "offline")
        self.refused(69, r"--threads 6: only 5 CPUs", "too-many")

    def test_cpuset(self):
        self.check_workers(self.case("hole"), [0, 3, 5])
        self.check_threads("hole", [0, 3, 5])
        self.check_pages(self.case("hole"), [0, 2, 2])
        shown = json.loads(self.fine("hole-topo"))
        self.assertEqual([c["cpu"] for c in shown["cpus"] if c["allowed"]], [0, 3, 5])
        self.refused(69, r"CPU 4 is not allowed here: CPUs 0,3,5$", "hole-taken")

    def test_cpuset_of_memory(self):
        """Memory of nodes 0 and 3 only: node 1 is nearer to the one, node 2 to the other."""
        self.check_workers(self.case("hole-mems"), [0, 3, 5])
        self.check_pages(self.case("hole-mems"), [0, 0, 3])
        self.check_memory("hole-mems", "prefer", [0, 3])
        self.check_even(self.case("hole-interleave"), [0, 3], 4)
        self.refused(69, r"--mem bind:2: .* 0,3$", "hole-refused")


if __name__ == "__main__":
    main()
