"""`iopt topo` and `iopt trace`: sane on this machine, exact on others."""
import json
import os
import re

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

    def test_smt(self):
        for smt, cpus in (("last", [0, 2, 4, 6, 8]), ("pack", [0, 1, 2, 3, 4]),
                          ("off", [0, 2, 4, 6, 8])):
            doc = json.loads(self.fine("topo", *BIG, "--smt", smt, "--threads", "5", "--format", "json"))
            self.assertEqual((doc["smt"], doc["chosen"]), (smt, cpus))
            plan = self.fine("run", "--dry-run", *BIG, "--smt", smt, "--threads", "5")
            self.assertIn(f" on CPUs {'0-4' if smt == 'pack' else '0,2,4,6,8'} (compact", plan)
            self.assertEqual("smt " + smt in plan, smt != "last")
        self.assertEqual(len(json.loads(self.fine("topo", *BIG, "--smt", "off", "--format", "json"))
                             ["chosen"]), 64)
        shared = self.fine("topo", *BIG, "--place", "cpus:3,1", "--threads", "3", "--oversubscribe")
        self.assertIn("\nplacement cpus:3,1, 3 threads: 3 1 3\n", shared)

    def test_all_threads_of_a_place(self):
        """`all` and auto mean what the placement has."""
        for more, most in (((), 128), (("--smt", "off"), 64), (("--place", "node:1"), 32),
                           (("--place", "node:1", "--smt", "off"), 16)):
            for threads in (("--threads", "all"), ()):
                plan = self.fine("run", "--dry-run", *BIG, "--engines", "lockless", *more, *threads)
                counts = [int(n) for n in re.findall(r"threads (\d+) on CPUs", plan)]
                self.assertEqual(max(counts), most, (more, threads))

    def test_memory(self):
        """The dry run names the nodes, also of machines in files."""
        folder = os.path.join(ROOT, "tests", "data", "topology")
        for name, args, says in (
                ("nps4", ("--mem", "remote", "--place", "node-rr", "--threads", "3"),
                 "table pages of workers on node 0 on 4, 1 on 5, 2 on 6"),
                ("memory_only", ("--mem", "bind:3", "--threads", "2"), "table pages on node 3"),
                ("snc2_memoryless", ("--place", "node:1", "--threads", "2"),
                 "table pages on node 0\n    ! node 1 has no memory for us: its workers' table pages come from "
                 "node 0"),
                ("offline", ("--mem", "interleave", "--threads", "2"),
                 "table pages in turn on nodes 0,8")):
            plan = self.fine("run", "--dry-run", "--topology", os.path.join(folder, name + ".xml"), *args)
            self.assertIn("    " + says + "\n", plan)
        self.refused(69, r"--mem bind:1: node 1 has no memory: nodes with memory: 0,2-3$", "run",
                     "--dry-run", "--topology", os.path.join(folder, "snc2_memoryless.xml"), "--mem",
                     "bind:1")

    def test_refused(self):
        self.refused(64, r"--smt half: want one of last, pack, off", "topo", "--smt", "half")
        self.refused(64, r"--topology", "topo", "--topology", "pack:")
        self.refused(69, r"--threads 129", "topo", *BIG, "--threads", "129")
        self.refused(69, r"node 9 does not exist", "topo", *BIG, "--place", "node:9")
        self.refused(64, r"--thread: no such flag; did you mean --threads", "topo", "--thread", "2")


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
        self.refused(64, r"--all: no such flag", "trace", "--all")


if __name__ == "__main__":
    main()
