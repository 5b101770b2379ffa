"""Two nodes: `iopt verify` with threads and table pages on both; clean engines pass, bugs are caught."""
import json

from case import Guest, Node, main


class Verify(Guest):
    SCRIPT, NODES, DISTANCES, PARALLEL = "verify.sh", [Node(2, 192)] * 2, [[10, 20], [20, 10]], True

    def verified(self, step, code):
        self.assertEqual((self.code(step), self.files[step + ".err"]), (code, ""), step)
        return json.loads(self.files[step + ".out"])

    def check_clean(self, step, parts):
        found = self.verified(step, 0)
        self.assertEqual((found["complete"], found["caught"], len(found["parts"])), (True, 0, parts))
        for part in found["parts"]:
            self.assertGreater(part["operations"], 0, part)
        return found["parts"]

    def check_caught(self, step):
        found = self.verified(step, 13)
        caught = [part for part in found["parts"] if part["caught"]]
        self.assertTrue(caught)
        for part in caught:
            self.assertIn("again: iopt verify", part["evidence"])
        return caught

    def test_race(self):
        """Three writers and a reader, a CPU each, and the pages of each node's threads on that node."""
        part, = self.check_clean("race", 1)
        self.assertGreater(part["lookups"], 0)
        self.check_threads("race", range(4))
        self.check_memory("race", "prefer", [0, 1])

    def test_engines(self):
        """Both bodies by every layer; devices translate."""
        parts = self.check_clean("engines", 8)
        for part in parts:
            self.assertEqual(part["translations"] > 0, part["layer"] == "device", part)

    def test_caught(self):
        """Half of the replicas; a flush that ends too early."""
        self.assertEqual([part["layer"] for part in self.check_caught("replicas")], ["race"])
        self.assertEqual([part["layer"] for part in self.check_caught("flush")], ["device"])


if __name__ == "__main__":
    main()
