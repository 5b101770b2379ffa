"""case.py - what tests/vm/test_*.py have in common. Each is one machine, booted once and questioned by
many tests, and gets as arguments a folder of its own and the programs that go into the guest.

What iopt says is held against what the kernel said meanwhile: guest/lib.sh shows what was asked.
"""
import collections
import json
import re
import sys
import unittest

import machine
from machine import Node, ring  # for the tests' shapes

SKIPPED = 77  # as tests/vm/CMakeLists.txt tells CTest
FOLDER, PROGRAMS = sys.argv[1], sys.argv[2:]


def numbers(text):
    """"0,2-4" as a list; as the kernel writes CPUs and nodes."""
    found = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


class Guest(unittest.TestCase):
    SCRIPT, NODES, DISTANCES, THREADS_PER_CORE, PARALLEL = None, [], [], 1, False

    @classmethod
    def setUpClass(cls):
        cls.files = machine.boot(FOLDER, PROGRAMS, cls.SCRIPT, cls.NODES, cls.DISTANCES,
                                 cls.THREADS_PER_CORE, cls.PARALLEL)
        cls.cpu_node, cls.distance = {}, {}
        for line in cls.files["nodes"].splitlines():
            node, what, value = re.fullmatch(r".*/node(\d+)/(\w+):(.*)", line).groups()
            if what == "distance":
                cls.distance[int(node)] = [int(d) for d in value.split()]
            else:
                cls.cpu_node.update(dict.fromkeys(numbers(value), int(node)))

    # what came back of a step

    def code(self, step):
        return int(self.files[step + ".rc"])

    def fine(self, step):
        self.assertEqual((self.code(step), self.files[step + ".err"]), (0, ""), step)
        return self.files[step + ".out"]

    def refused(self, code, says, step):
        self.assertEqual((self.code(step), self.files[step + ".out"]), (code, ""), step)
        self.assertRegex(self.files[step + ".err"], says)

    def cases(self, step, code=0, says=""):
        """Of a run: its cases without the rulers; every one of them audited and clean."""
        self.assertEqual(self.code(step), code, (step, self.files[step + ".err"]))
        self.assertRegex(self.files[step + ".err"], rf"\A(?:{says})\Z", step)
        found = [c for c in json.loads(self.files[step + ".out"])["cases"] if c["body"] != "ruler"]
        for case in found:
            self.assertIs(case["verified"], True, case["case_id"])
        self.assertTrue(found, step)
        return found

    def case(self, step, *more):
        found = self.cases(step, *more)
        self.assertEqual(len(found), 1)
        return found[0]

    # a result against the machine

    def check_workers(self, case, cpus):
        """Placed on these CPUs, in this order, found there, and on the node the kernel has them on."""
        for asked_or_got in ("cpu_asked", "cpu"):
            self.assertEqual([w[asked_or_got] for w in case["workers"]], cpus, case["case_id"])
        self.assertEqual([w["node"] for w in case["workers"]], [self.cpu_node[c] for c in cpus])
        self.assertFalse(any(w["moved"] for w in case["workers"]))

    def check_pages(self, case, nodes):
        """Worker by worker, all live table pages on the node given for it, as asked."""
        self.assertEqual([w["memory_node"] for w in case["workers"]], nodes, case["case_id"])
        for worker, node in zip(case["workers"], nodes, strict=True):
            pages = worker["table_pages_by_node"]
            self.assertGreater(pages[node], 0, (case["case_id"], worker))
            self.assertEqual(sum(pages), pages[node], (case["case_id"], worker))
        self.assertEqual(case["pages"]["on_asked_node"], 1.0)

    def check_remote(self, case, with_memory):
        """None of the nodes with memory is farther from the worker's, by the kernel's distances."""
        for worker in case["workers"]:
            distance = self.distance[worker["node"]]
            self.assertEqual(distance[worker["memory_node"]], max(distance[node] for node in with_memory))
        self.check_pages(case, [w["memory_node"] for w in case["workers"]])

    def check_even(self, case, nodes, bound):
        """Each worker's pages are spread over `nodes`, and no node has `bound` more than another."""
        for worker in case["workers"]:
            pages = worker["table_pages_by_node"]
            there = [pages[node] for node in nodes]
            self.assertEqual(sum(there), sum(pages), (case["case_id"], worker))
            self.assertLess(max(there) - min(there), bound, (case["case_id"], worker))

    # the kernel's own answers, asked while the step ran

    def check_threads(self, step, cpus):
        """One thread pinned to each of the CPUs, and running there; the main thread pinned nowhere."""
        allowed, ran = {}, {}
        for line in self.files[step + ".allowed"].splitlines():
            process, thread, value = re.fullmatch(r"/proc/(\d+)/task/(\d+)/status:\w+:\s*(.*)",
                                                  line).groups()
            if process != thread:
                allowed[thread] = numbers(value)  # the last answer stands
        for line in self.files[step + ".stat"].splitlines():
            thread, fields = line.split()[0], line[line.rindex(")") + 1:].split()
            ran[thread] = int(fields[36])  # proc(5): (39) processor
        self.assertEqual(sorted(allowed.values()), sorted([c] for c in cpus), step)
        for thread, pinned_to in allowed.items():
            self.assertEqual([ran[thread]], pinned_to, step)

    def check_memory(self, step, policy, nodes):
        """
        What has a memory policy (the pool's memory and nothing else) has the one named, lies on its
        node, and on each of these nodes there is some. Returns pages by node, at the fullest moment.
        """
        fullest = collections.Counter()
        for snapshot in self.files[step + ".maps"].split("snapshot\n"):
            pages = collections.Counter()
            for kind, node, rest in re.findall(r"^\w+ (prefer|bind):(\S+) (.*)$", snapshot, re.M):
                self.assertEqual(kind, policy, step)
                for there, count in re.findall(r"\bN(\d+)=(\d+)", rest):
                    self.assertEqual(there, node, (step, rest))
                    pages[int(there)] += int(count)
            if pages.total() > fullest.total():
                fullest = pages
        self.assertEqual(set(fullest), set(nodes), step)
        return fullest

    def check_probe(self, step, memory):
        """
        What losers and other workers give back is handed out on its own node again; `memory` is the
        node with the memory of each worker's CPU, by CPU.
        """
        found = json.loads(self.fine(step))
        for name, workers in found.items():
            for w in workers:
                self.assertEqual(w["node"], self.cpu_node[w["cpu"]])
                for kind in ("live", "again"):
                    self.assertLessEqual(set(w[kind]), {str(memory[w["cpu"]])}, (name, w))
        return found


def main():
    why_not = machine.missing()
    if why_not:
        print("skipped:", why_not)
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
