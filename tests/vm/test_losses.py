"""What is lost: races for a table, a worker's CPU, a part of the cpuset, memory."""
import json
import re

from case import Guest, Node, main, ring

NODES = [Node(2, 128)] * 4
UNTRUSTED = r"iopt run: not to be trusted: a worker did not stay pinned .*\n"


class Losses(Guest):
    SCRIPT, NODES, DISTANCES = "losses.sh", NODES, ring(NODES)
    PARALLEL = True  # or nobody races

    def test_races(self):
        """Losers of four nodes: what they give back is handed out at home."""
        found = self.check_probe("probe", {0: 0, 2: 1, 4: 2, 6: 3})
        for engine in "amdv1/lockless-2019", "amdv1/lockless":
            self.assertGreater(sum(w["lost"] for w in found[engine]), 0, engine)
            self.assertGreater(sum(sum(w["again"].values()) for w in found[engine]), 0, engine)
        for worker in found["foreign"]:
            # of 450 pages freed elsewhere all but a part of a batch of 72 has come home
            self.assertGreater(sum(worker["again"].values()), 450 - 72, worker)

    def untrusted(self, step, lost):
        """Exit 14: those workers were found elsewhere, and the result says so; it is sound otherwise."""
        workers = self.case(step, 14, UNTRUSTED)["workers"]
        self.assertEqual([w["cpu_asked"] for w in workers], [0, 2, 4, 6])
        self.assertLessEqual(lost, {w["cpu_asked"] for w in workers if w["moved"]})
        self.assertIs(json.loads(self.files[step + ".out"])["audit"]["lost_pinning"], True)

    def test_cpu_goes_offline(self):
        self.untrusted("offline", {4})
        moved = [w["cpu_asked"] for w in self.case("offline", 14, UNTRUSTED)["workers"] if w["moved"]]
        self.assertEqual(moved, [4])

    def test_cpuset_shrinks(self):
        self.untrusted("shrunk", {4, 6})

    def test_too_little_memory(self):
        """The kernel ends the run, and nothing else, with SIGKILL; or we are told, and it is 69."""
        killed = int(re.search(r"^oom_kill (\d+)$", self.files["small.events"], re.M).group(1))
        self.assertEqual(self.code("small"), 137 if killed else 69)
        self.assertEqual(self.files["small.out"], "")
        self.assertEqual(self.code("after"), 0)


if __name__ == "__main__":
    main()
