"""Eight nodes, 32 CPUs, hyperthreads: who comes first, and memory far away."""
import json
import re

from case import Guest, Node, main, numbers, ring

NODES = [Node(4, 96)] * 8


class Wide(Guest):
    SCRIPT, NODES, DISTANCES, THREADS_PER_CORE = "wide.sh", NODES, ring(NODES), 2

    def test_machine(self):
        self.assertEqual([self.distance[n] for n in range(8)], self.DISTANCES)
        self.assertEqual(self.cpu_node, {cpu: cpu // 4 for cpu in range(32)})
        for line in self.files["siblings"].splitlines():
            cpu = int(re.search(r"/cpu(\d+)/", line).group(1))
            self.assertEqual(numbers(line.split(":")[1]), [cpu & ~1, cpu | 1])

    def test_topo(self):
        self.assertRegex(self.fine("topo"), r"8 nodes, .* 16 cores, 32 CPUs .*, 2 per core")
        shown = json.loads(self.fine("topo-json"))
        self.assertEqual({n["node"]: n["distance"] for n in shown["nodes"]}, self.distance)
        self.assertEqual({c["cpu"]: c["node"] for c in shown["cpus"]}, self.cpu_node)
        # every core once, and only then second hyperthreads
        self.assertEqual(shown["chosen"], [*range(0, 32, 4), *range(2, 32, 4), 1, 5, 9, 13])

    def test_remote(self):
        cpus = [*range(0, 32, 4), *range(2, 32, 4)]
        self.check_workers(self.case("remote"), cpus)
        self.check_threads("remote", cpus)
        self.check_remote(self.case("remote"), range(8))
        self.check_pages(self.case("remote"), [4, 5, 6, 7, 0, 1, 2, 3] * 2)
        self.check_memory("remote", "bind", range(8))

    def test_places(self):
        compact, scatter, node, cpus = self.cases("places")
        self.check_workers(compact, [0, 2, 4, 6])
        self.check_workers(scatter, [0, 4, 8, 12])
        self.check_workers(node, [20, 22, 21, 23])
        self.check_workers(cpus, [31, 0, 8, 9])
        self.check_pages(cpus, [7, 0, 2, 2])
        self.check_workers(self.case("pack"), [0, 1, 2, 3])

    def test_interleave(self):
        self.check_workers(self.case("interleave"), [*range(0, 32, 4)])
        self.check_even(self.case("interleave"), range(8), 4)

    def test_refused(self):
        self.refused(69, r"--threads 17", "no-cores")
        self.refused(69, r"--threads 33: only 32 CPUs", "no-threads")


if __name__ == "__main__":
    main()
