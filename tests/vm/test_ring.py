"""Four nodes in a circle: threads, table pages by every policy, what is refused."""
import json

from case import Guest, Node, main, ring

NODES = [Node(2, 128)] * 4


class Ring(Guest):
    SCRIPT, NODES, DISTANCES = "ring.sh", NODES, ring(NODES)

    def test_machine(self):
        """The shape is the one asked of QEMU, or the rest proves nothing."""
        self.assertEqual([self.distance[n] for n in range(4)], self.DISTANCES)
        self.assertEqual(self.cpu_node, {cpu: cpu // 2 for cpu in range(8)})

    def test_topo(self):
        text = self.fine("topo")
        self.assertRegex(text, r"4 packages, 4 nodes, .* 8 CPUs \(8 allowed\)")
        self.assertRegex(text, r"(?m)^ *node 2 +30 +20 +10 +20$")
        shown = json.loads(self.fine("topo-json"))
        self.assertEqual({n["node"]: n["distance"] for n in shown["nodes"]}, self.distance)
        self.assertEqual({c["cpu"]: c["node"] for c in shown["cpus"]}, self.cpu_node)
        self.assertEqual(json.loads(self.fine("topo-rr"))["chosen"], [0, 2, 4, 6, 1, 3])

    def test_local(self):
        self.check_workers(self.case("local"), list(range(8)))
        self.check_threads("local", range(8))
        self.check_pages(self.case("local"), [0, 0, 1, 1, 2, 2, 3, 3])
        self.check_memory("local", "prefer", range(4))

    def test_bind(self):
        self.check_workers(self.case("bind"), [0, 2, 4, 6])
        self.check_threads("bind", [0, 2, 4, 6])
        self.check_pages(self.case("bind"), [2] * 4)
        self.check_memory("bind", "bind", [2])

    def test_remote(self):
        self.check_workers(self.case("remote"), list(range(8)))
        self.check_pages(self.case("remote"), [2, 2, 3, 3, 0, 0, 1, 1])
        self.check_remote(self.case("remote"), range(4))
        self.check_memory("remote", "bind", range(4))

    def test_interleave(self):
        self.check_workers(self.case("interleave"), list(range(8)))
        self.check_threads("interleave", range(8))
        self.check_even(self.case("interleave"), range(4), 4)
        pages = self.check_memory("interleave", "prefer", range(4))
        self.assertLess(max(pages.values()), 1.5 * min(pages.values()), pages)

    def test_policies(self):
        """Workers in the order written, and the same ones under every policy."""
        local, bind, device, interleave = self.cases("mems")
        for case in local, bind, device, interleave:
            self.check_workers(case, [7, 0, 5, 6])
        self.check_pages(local, [3, 0, 2, 3])
        self.check_pages(bind, [3] * 4)
        self.check_pages(device, [0] * 4)
        self.check_even(interleave, range(4), 4)

    def test_places(self):
        compact, scatter = self.cases("places")
        self.check_workers(compact, [0, 1, 2, 3])
        self.check_workers(scatter, [0, 2, 4, 6])
        self.check_pages(scatter, [0, 1, 2, 3])

    def test_cold(self):
        self.check_workers(self.case("cold"), [0, 2, 4, 6])
        for worker in self.case("cold")["workers"]:  # one may have built all tables of the last round
            pages = worker["table_pages_by_node"]
            self.assertEqual(sum(pages), pages[worker["node"]], worker)

    def test_refused(self):
        self.refused(69, r"--mem bind:9: .* 0-3$", "no-bind")
        self.refused(69, r"--mem device:4: .* 0-3$", "no-device")
        self.refused(69, r"--place node:9: .* 0-3$", "no-node")
        self.refused(69, r"--place cpus:8: .* 0-7$", "no-cpu")
        self.refused(69, r"--threads 9: only 8 CPUs", "no-threads")
        self.refused(69, r"--place node:3: only 2 CPUs of node 3", "no-room")


if __name__ == "__main__":
    main()
