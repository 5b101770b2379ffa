"""iommu_case.py - what the tests of the emulated IOMMU have in common: pages that are mapped by the
engines in the machine's memory, and DMA against what the arguments of each map say must come of it.
"""
import random
import sys
import unittest

import iommu
from iommu import GIB, INTERRUPTS, TOKEN

SKIPPED = 77  # as tests/vm/CMakeLists.txt tells CTest
FOLDER, PROGRAM = sys.argv[1:3]
MODERN, CLASSIC, LOCKED = "amdv1/lockless", "amdv1/lockless-2019", "amdv1/mutex-2019"
READ, WRITE, BOTH = 1, 2, 3
WALK_HIT, WALK_ABSENT, WALK_DENIED = 0, 1, 2  # src/iotlb/walker.h
DATA = ((1 * GIB, 1 * GIB), (20 * GIB, 46 * GIB))  # from, bytes: where pages of data may lie


def level_of(size_lg2):
    return (size_lg2 - 12) // 9


def in_data(address):
    return any(start <= address <= start + count - TOKEN for start, count in DATA)


class Page:
    def __init__(self, iova, size_lg2, pa, prot=BOTH):
        self.iova, self.size_lg2, self.pa, self.prot = iova, size_lg2, pa, prot

    @property
    def bytes(self):
        return 1 << self.size_lg2

    def entries(self):
        """(offset, bytes) of what each of its entries translates."""
        entry = 1 << 12 + 9 * level_of(self.size_lg2)
        return [(offset, entry) for offset in range(0, self.bytes, entry)]


class Iommu(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ram = iommu.Ram()
        cls.tables = iommu.Tables(PROGRAM, cls.ram)
        cls.addClassCleanup(cls.tables.close)
        cls.machine = iommu.Machine(FOLDER, cls.ram)
        cls.addClassCleanup(cls.machine.close)

    @classmethod
    def tearDownClass(cls):
        print(f"{cls.machine.transfers} transfers", file=sys.stderr)

    def setUp(self):
        self.random = random.Random(self.id())
        self.machine.translate(True)
        self.machine.aborted()
        self.expected = {}  # bytes of data by address of their page: what we and the devices wrote

    # tables

    def new(self, engine, levels=3):
        self.ram.clear_data()
        self.expected.clear()
        self.tables.do("new", engine, levels)
        self.attach()

    def attach(self, **how):
        self.machine.attach(*self.tables.do("top"), **how)

    def map(self, page):
        done = self.tables.do("map", page.iova, page.pa, page.size_lg2, 1, page.prot)
        self.assertEqual(done, [0, page.bytes])
        return page

    def unmap(self, page):
        self.assertEqual(self.tables.do("unmap", page.iova, page.size_lg2, 1), [0, page.bytes])

    def free_pa(self, size_lg2):
        """Somewhere in RAM, as the larger pages go; the largest begin at 0 and are mostly not there."""
        if size_lg2 > 35:
            return 0
        start, count = DATA[0] if size_lg2 < 30 and self.random.random() < 0.3 else DATA[1]
        first = -(-start >> size_lg2)
        return self.random.randrange(first, start + count >> size_lg2) << size_lg2

    def free_iova(self, size_lg2, below_lg2=39):
        return self.random.randrange(1 << below_lg2 - size_lg2) << size_lg2

    def probes(self, page, entries=None):
        """(iova, pa, prot) somewhere in each of its entries, as far as that is in RAM."""
        found = []
        for offset, count in entries or page.entries():
            for start, there in DATA:  # what of the entry lies in this part of RAM
                low = max(page.pa + offset, start)
                high = min(page.pa + offset + count, start + there)
                pa = self.random.randrange(low, high, TOKEN) if low < high else None
                if pa is not None and page.iova + pa - page.pa not in INTERRUPTS:
                    found.append((page.iova + pa - page.pa, pa, page.prot))
                    break
        return found

    # DMA against what must come of it

    def write_ram(self, address, data):
        self.ram.put(address, data)
        self.expect(address, data)

    def expect(self, address, data):
        while data:
            at = address % 4096
            page = self.expected.setdefault(address - at, bytearray(4096))
            here = data[:4096 - at]
            page[at:at + len(here)] = here
            address, data = address + len(here), data[len(here):]

    def wanted(self, pa):
        return bytes(self.expected[pa & -4096][pa % 4096:][:TOKEN])

    def differences(self, probes, cold=False):
        """
        DMA through every probe in both directions; what was not as it must be. pa None: nothing there.
        cold: what the first direction left in QEMU's cache must not serve the second, for it forgets
        what the directories permit.
        """
        wrong = []
        iovas = [iova for iova, _, _ in probes]
        for _, pa, _ in probes:
            if pa is not None:
                self.write_ram(pa, self.random.randbytes(TOKEN))
        for (iova, pa, prot), got in zip(probes, self.machine.read(iovas), strict=True):
            want = self.wanted(pa) if prot & READ else bytes(TOKEN)
            if got != want:
                wrong.append(f"a read of {iova:#x} gets {got.hex()} and not {want.hex()}")
        if cold:
            self.machine.invalidate_all()
        for (_, pa, prot), sent in zip(probes, self.machine.write(iovas), strict=True):
            if prot & WRITE:
                self.expect(pa, sent)
        for iova, pa, prot in probes:
            if prot & WRITE and self.ram.get(pa, TOKEN) != self.wanted(pa):
                wrong.append(f"a write to {iova:#x} does not arrive at {pa:#x}")
        return wrong + self.strays()

    def strays(self):
        """All RAM against what we and the devices have written on purpose."""
        written = dict(self.ram.written())
        pages = {pa: bytes(content) for pa, content in self.expected.items() if any(content)}
        return [f"RAM at {pa:#x} is not as it must be"
                for pa in sorted(written.keys() | pages.keys()) if written.get(pa) != pages.get(pa)]

    def walker_differences(self, probes):
        """The same questions to our own walker (src/iotlb), which caches nothing."""
        wrong, entry = [], self.machine.device_entry()
        asked = [(probe, way) for probe in probes for way in (READ, WRITE)]
        answers = self.tables.do_all([("walk", entry, iova, way) for (iova, _, _), way in asked])
        for ((iova, pa, prot), way), (end, found, _, _) in zip(asked, answers, strict=True):
            if end != (WALK_ABSENT if pa is None else WALK_HIT if prot & way else WALK_DENIED):
                wrong.append(f"the walker ends at {iova:#x} with {end}")
            elif end == WALK_HIT and found != pa:
                wrong.append(f"the walker has {found:#x} for {iova:#x} and not {pa:#x}")
        return wrong

    def check(self, probes, walked=True, **how):
        """walked: what QEMU does comes from the table, so our own walker is asked as well."""
        self.assertTrue(probes)
        self.assertEqual(self.differences(probes, **how), [])
        if walked:
            self.assertEqual(self.walker_differences(probes), [])

    @staticmethod
    def nothing(*iovas):
        return [(iova & -TOKEN, None, 0) for iova in iovas]


def main():
    why_not = iommu.missing()
    if why_not:
        print("skipped:", why_not)
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
