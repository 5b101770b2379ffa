"""`iopt topo` and `iopt trace`: sane on this machine, exact on others."""
import json
import os

from command import ROOT, Command, main

BIG = ("--topology", "2 pack:2 numa:1 l3:4 core:4 pu:2")


class Topo(Command):
    def test_here(self):
        text = self.fine("topo")
        allowed = len(os.sched_getaffinity(0))
        self.assertRegex(text, rf"\d+ package.* \({allowed} allowed\)")
        doc = json.loads(self.fine("topo", "--format", "json"))
        self.assertIsInstance(doc, dict)

    def test_chosen(self):
        for place, cpus in (("compact", [0, 2, 4, 6]), ("node-rr", [0, 32, 64, 96]),
                            ("node:1", [32, 34, 36, 38]), ("cpus:5,1-3", [5, 1, 2, 3])):
            plan = self.fine("run", "--dry-run", *BIG, "--place", place, "--threads", "4")
            shown = self.fine("topo", *BIG, "--place", place, "--threads", "4", "--format", "json")
            self.assertIn(json.dumps(cpus).replace(" ", ""), shown.replace(" ", "").replace("\n", ""))
            if cpus != sorted(cpus):
                continue
            self.assertIn(" on CPUs " + ",".join(map(str, cpus)) + " ", plan)

    def test_refused(self):
        self.refused(64, r"--topology", "topo", "--topology", "pack:")
        self.refused(69, r"--threads 129", "topo", *BIG, "--threads", "129")
        self.refused(69, r"node 9 does not exist", "topo", *BIG, "--place", "node:9")
        self.refused(64, r"unknown flag --thread", "topo", "--thread", "2")


class Trace(Command):
    def test_shipped(self):
        folder = os.path.join(ROOT, "configs", "traces")
        for name in ("net-amd-strict", "nvme-amd-lazy", "nvme-vtd-strict"):
            text = self.fine("trace", name)
            self.assertRegex(text, rf"^trace {name}: [\d,]+ events in ")
            self.assertEqual(self.fine("trace", os.path.join(folder, name + ".trace.gz")), text)

    def test_found_elsewhere(self):
        env = dict(os.environ, IOPT_TRACE_DIR=os.path.join(ROOT, "configs", "traces"))
        self.fine("trace", "net-amd-strict", cwd="/", env=env)

    def test_arguments(self):
        self.refused(64, r"FILE|TRACE", "trace")
        self.refused(64, r"unknown option", "trace", "--all")


if __name__ == "__main__":
    main()
