#!/usr/bin/env python3
"""Write the XML files beside this script: machines that hwloc's synthetic descriptions cannot tell of."""
import os
from xml.sax.saxutils import quoteattr


def mask(members):
    value, words = sum(1 << m for m in members), []
    while value or not words:
        words.append(f"0x{value & 0xffffffff:08x}")
        value >>= 32
    return ",".join(reversed(words))


class Writer:
    def __init__(self, offline=(), forbidden=(), forbidden_nodes=()):
        self.lines, self.gp = [], 0
        self.offline = set(offline)
        self.forbidden, self.forbidden_nodes = set(forbidden), set(forbidden_nodes)

    def open(self, indent, what, cpus, nodes, close=False, **more):
        self.gp += 1
        attributes = {"type": what, **more, "cpuset": mask(set(cpus) - self.offline),
                      "complete_cpuset": mask(cpus), "nodeset": mask(nodes),
                      "complete_nodeset": mask(nodes), "gp_index": self.gp}
        if what == "Machine":
            attributes["allowed_cpuset"] = mask(set(cpus) - self.offline - self.forbidden)
            attributes["allowed_nodeset"] = mask(set(nodes) - self.forbidden_nodes)
        text = " ".join(f"{k}={quoteattr(str(v))}" for k, v in attributes.items())
        self.lines.append(f"{' ' * indent}<object {text}{'/' if close else ''}>")

    def close(self, depth):
        self.lines.append(f"{' ' * depth}</object>")


def members(cores):
    return [pu for core in cores for pu in core]


def machine(name, packages, distances, kinds=(), **more):
    """packages: lists of memories and caches. A memory is (node, bytes, CPUs it is beside); a cache
    is (L3 bytes, L2 bytes, cores), a core a list of PUs."""
    w = Writer(**more)
    all_cpus = [pu for memories, caches in packages for c in caches for pu in members(c[2])]
    all_nodes = [m[0] for memories, caches in packages for m in memories]
    core = 0
    w.open(1, "Machine", all_cpus, all_nodes, os_index=0)
    for number, (memories, caches) in enumerate(packages):
        cpus = [pu for c in caches for pu in members(c[2])]
        nodes = [m[0] for m in memories]
        w.open(2, "Package", cpus, nodes, os_index=number)
        split = len({tuple(m[2]) for m in memories}) > 1
        for where in sorted({tuple(m[2]) for m in memories}):
            local = [m for m in memories if tuple(m[2]) == where]
            if split:
                w.open(3, "Group", where, [m[0] for m in local], kind=1000, subkind=0)
            for node, size, _ in local:
                w.open(4, "NUMANode", where, [node], close=True, os_index=node, local_memory=size)
            for l3, l2, cores in caches:
                if not set(members(cores)) <= set(where):
                    continue
                own = [m[0] for m in local]
                w.open(4, "L3Cache", members(cores), own, cache_size=l3, depth=3,
                       cache_linesize=64, cache_associativity=0, cache_type=0)
                for pus in cores:
                    w.open(5, "L2Cache", pus, own, cache_size=l2, depth=2, cache_linesize=64,
                           cache_associativity=0, cache_type=0)
                    w.open(6, "Core", pus, own, os_index=core)
                    core += 1
                    for pu in pus:
                        if pu not in w.offline:
                            w.open(7, "PU", [pu], own, close=True, os_index=pu)
                    w.close(6)
                    w.close(5)
                w.close(4)
            if split:
                w.close(3)
        w.close(2)
    w.close(1)
    nodes = sorted(all_nodes)
    if len(nodes) > 1:
        values = [distances(a, b) for a in nodes for b in nodes]
        for tag, numbers in (("indexes", nodes), ("u64values", values)):
            text = " ".join(map(str, numbers))
            if tag == "indexes":
                w.lines.append(f' <distances2 type="NUMANode" nbobjs="{len(nodes)}" kind="5" '
                               'name="NUMALatency" indexing="os">')
            w.lines.append(f'  <{tag} length="{len(text)}">{text}</{tag}>')
        w.lines.append(" </distances2>")
    for rank, (cpus, kind) in enumerate(kinds):
        w.lines.append(f' <cpukind cpuset="{mask(cpus)}" forced_efficiency="{rank}">')
        w.lines.append(f'  <info name="CoreType" value="{kind}"/>')
        w.lines.append(" </cpukind>")
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, name + ".xml"), "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n'
                '<topology version="2.0">\n' + "\n".join(w.lines) + "\n</topology>\n")


GIB, MIB = 1 << 30, 1 << 20


def sibling(first, n, step):
    return [[first + i, first + i + step] for i in range(n)]


def local(a, b):
    return 10 if a == b else 20


# Two packages of four nodes, as an EPYC with NPS4; second hyperthreads numbered behind all first.
machine("nps4", [([(4 * p + n, 32 * GIB, [c for pair in sibling(16 * p + 4 * n, 4, 32) for c in pair])
                   for n in range(4)],
                  [(32 * MIB, MIB, sibling(16 * p + 4 * n + 2 * x, 2, 32))
                   for n in range(4) for x in range(2)]) for p in range(2)],
        lambda a, b: 10 if a == b else 12 if a // 4 == b // 4 else 32)

# Memory without CPUs: node 2 is CXL of package 0, node 3 HBM of package 1; four CPUs and two.
machine("memory_only", [([(0, 16 * GIB, [0, 1, 2, 3]), (2, 64 * GIB, [0, 1, 2, 3])],
                         [(16 * MIB, MIB, [[0], [1], [2], [3]])]),
                        ([(1, 16 * GIB, [4, 5]), (3, 8 * GIB, [4, 5])],
                         [(16 * MIB, MIB, [[4], [5]])])],
        lambda a, b: [[10, 20, 14, 24], [20, 10, 28, 12], [14, 28, 10, 30], [24, 12, 30, 10]][a][b])

# CPUs 3 and 5 are offline, CPU 6 is not allowed; node numbers have a gap, as on POWER.
machine("offline", [([(0, 8 * GIB, [0, 1, 2, 3])], [(8 * MIB, MIB, [[0, 1], [2, 3]])]),
                    ([(8, 8 * GIB, [4, 5, 6, 7])], [(8 * MIB, MIB, [[4, 5], [6, 7]])])],
        lambda a, b: 10 if a == b else 40, offline=[3, 5], forbidden=[6])

# Four fast cores of two hyperthreads, eight slow ones of one; the slow ones are numbered first.
machine("hybrid", [([(0, 16 * GIB, list(range(16)))],
                    [(24 * MIB, 2 * MIB, [[c] for c in range(8)] + sibling(8, 4, 4))])],
        local, kinds=[(range(8), "IntelAtom"), (range(8, 16), "IntelCore")])

# The memory of node 1 is outside the cpuset, its CPUs are not; node 2 has none of its own.
machine("forbidden", [([(0, 8 * GIB, [0, 1])], [(8 * MIB, MIB, [[0], [1]])]),
                      ([(1, 8 * GIB, [2, 3])], [(8 * MIB, MIB, [[2], [3]])]),
                      ([(2, 0, [4, 5])], [(8 * MIB, MIB, [[4], [5]])]),
                      ([(3, 8 * GIB, [6, 7])], [(8 * MIB, MIB, [[6], [7]])])],
        lambda a, b: 10 if a == b else 12 if a // 2 == b // 2 else 20, forbidden_nodes=[1])
