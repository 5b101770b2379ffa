"""Would it be noticed? Tables and device table entries with one thing wrong, planted in the machine's
memory: QEMU's IOMMU must notice those of NOTICED, and our own walker all of them.

UNNOTICED are wrong by the specification, and QEMU translates all the same: nothing is asserted of it
there but that it goes on, and the walker is why they do not get through.
"""
from iommu import DEVICE_TABLE, DEVICES, FIRST_SLOT, GIB, MIB
from iommu_case import BOTH, CLASSIC, MODERN, READ, WRITE, Iommu, Page, main

PRESENT, IR, IW = 1, 1 << 61, 1 << 62
NEXT, ADDRESS = 7 << 9, (1 << 52) - 4096


def next_level(entry, level):
    return entry & ~NEXT | level << 9


def sized(pa, size_lg2):
    """A leaf that says so itself: bits 12 up to the size's upper half."""
    return BOTH << 61 | 1 << 60 | pa | ((1 << size_lg2 - 1) - 1) & ~0xfff | NEXT | PRESENT


class Planted(Iommu):
    """
    Each plants by path: (address, value) of the entries for an IOVA, from the root down. `page` is
    what is mapped there.
    """
    def build(self, engine):
        self.new(engine)
        self.holes = [0x5_0360_0000]
        # 4K; 4K that lies in RAM as it does in its 2M; 4K alone below its directories; 64K; 2M; 32M; 1G
        self.pages = [
            self.map(Page(iova, lg2, pa)) for iova, lg2, pa in (
                (0x5_0320_7000, 12, 24 * GIB + 0x7123000), (0x5_0321_9000, 12, 25 * GIB + 0x19000),
                (0x7_0a34_5000, 12, 29 * GIB + 0x5000),
                (0x5_0345_0000, 16, 26 * GIB + 0x70000), (0x5_4480_0000, 21, 27 * GIB + 0x600000),
                (0x5_8a00_0000, 25, 28 * GIB + 32 * MIB), (0x6_0000_0000, 30, 30 * GIB))]
        (self.small, self.even, self.alone, self.contiguous, self.level1, self.contiguous1,
         self.level2) = self.pages

    def path(self, page, offset=0):
        numbers = self.tables.do("path", page.iova + offset)
        return list(zip(numbers[::2], numbers[1::2]))

    def everything(self):
        probes = sum((self.probes(p) for p in self.pages), [])
        return probes + self.nothing(*(p.iova - 4096 for p in self.pages), *self.holes)

    def plant(self, *entries):
        """With these entries instead of their own: did QEMU notice, did the walker?"""
        before = [self.ram.number(address) for address, _ in entries]
        for address, value in entries:
            self.ram.number(address, value)
        self.machine.invalidate_all()
        self.machine.aborted()
        found = self.differences(self.everything(), cold=True), self.walker_differences(self.everything())
        self.aborted = self.machine.aborted()
        for (address, _), value in zip(entries, before, strict=True):
            self.ram.number(address, value)
        self.machine.invalidate_all()
        self.ram.clear_data()
        self.expected.clear()
        return tuple(map(bool, found))

    def noticed(self, what, *entries, aborted=False):
        with self.subTest(what):
            self.assertEqual(self.plant(*entries), (True, True))
            self.assertEqual(self.aborted, aborted)

    def unnoticed(self, what, *entries):
        with self.subTest(what):
            self.assertTrue(self.plant(*entries)[1])

    def walker_only(self, what, entry):
        """QEMU is not asked: it would go round for ever."""
        with self.subTest(what):
            address, value = entry
            before = self.ram.number(address)
            self.ram.number(address, value)
            self.assertNotEqual(self.walker_differences(self.everything()), [])
            self.ram.number(address, before)

    def device_entries(self, change):
        places = [DEVICE_TABLE + 32 * (FIRST_SLOT + i << 3) for i in range(DEVICES)]
        return [(at, change(self.ram.number(at))) for at in places]

    def test_as_they_are(self):
        """The control: nothing planted, nothing noticed."""
        for engine in MODERN, CLASSIC:
            self.build(engine)
            self.assertEqual(self.plant(), (False, False))

    def test_leaves(self):
        self.build(MODERN)
        for page in self.small, self.level1, self.level2:
            at, leaf = self.path(page)[-1]
            other = leaf ^ 1 << page.size_lg2 + 1
            self.noticed("another address", (at, other))
            self.noticed("not there", (at, 0))
            self.noticed("read only", (at, leaf & ~IW))
            self.noticed("write only", (at, leaf & ~IR))
            self.unnoticed("not present, but not zero", (at, leaf & ~PRESENT))
            self.unnoticed("reserved bits", (at, leaf | 1 << 55))
        at, _ = self.path(self.even)[-1]
        self.unnoticed("larger than its table's level can have", (at, sized(25 * GIB, 21)))

    def test_replicas(self):
        """One of them wrong shows through that one only: the probes go through each."""
        self.build(MODERN)
        for page in self.contiguous, self.contiguous1:
            for offset, _ in page.entries()[::5]:
                at, leaf = self.path(page, offset)[-1]
                self.noticed("missing", (at, 0))
                self.noticed("another address", (at, leaf ^ 1 << page.size_lg2 + 1))
                self.noticed("read only", (at, leaf & ~IW))
            half = sized(page.pa, page.size_lg2 - 1)
            self.noticed("of half the size", *((self.path(page, o)[-1][0], half) for o, _ in page.entries()))
            own = BOTH << 61 | page.pa | PRESENT
            self.noticed("of the level's own size", *((self.path(page, o)[-1][0], own)
                                                      for o, _ in page.entries()))

    def test_directories(self):
        self.build(MODERN)
        small = self.path(self.small)
        for depth in 0, 1:
            at, entry = small[depth]
            self.noticed("not present", (at, entry & ~PRESENT), aborted=True)
            self.noticed("read only", (at, entry & ~IW), aborted=True)
            self.noticed("write only", (at, entry & ~IR), aborted=True)
            self.noticed("gone", (at, 0))
        root, middle = small[0], small[1]
        self.noticed("to another table", (middle[0], self.path(self.contiguous)[1][1]))
        self.noticed("to a table of another level", (root[0], next_level(root[1], 1)))
        alone = self.path(self.alone)
        self.unnoticed("a level left out that the address needs", (alone[0][0], next_level(alone[1][1], 1)))
        self.unnoticed("reserved bits", (root[0], root[1] | 1 << 55))

        itself = self.tables.do("top")[0] | BOTH << 61 | PRESENT
        self.walker_only("to itself", (root[0], next_level(itself, 3)))
        self.walker_only("of a level that is not below", (middle[0], next_level(middle[1], 2)))

    def test_a_freed_table(self):
        """What stands in a freed page leads to the first bytes of RAM."""
        self.build(MODERN)
        page = Page(0x5_2000_0000, 12, 29 * GIB)
        self.assertEqual(self.tables.do("map", page.iova, page.pa, 12, 512, BOTH), [0, 2 * MIB])
        link = self.path(page)[1]
        self.assertEqual(self.tables.do("unmap", page.iova, 12, 512), [0, 2 * MIB])
        self.assertEqual(self.ram.number(link[0]), 0)
        self.holes.append(page.iova)
        self.assertEqual(self.plant(), (False, False))
        self.noticed("still linked", link)

    def test_device_entries(self):
        self.build(MODERN)
        root, levels = self.tables.do("top")
        self.noticed("read only", *self.device_entries(lambda e: e & ~IW), aborted=True)
        self.noticed("write only", *self.device_entries(lambda e: e & ~IR), aborted=True)
        self.noticed("a level too many", *self.device_entries(lambda e: next_level(e, levels + 1)))
        self.noticed("a level too few", *self.device_entries(lambda e: next_level(e, levels - 1)))
        below = self.path(self.small)[0][1] & ADDRESS
        self.noticed("another table", *self.device_entries(lambda e: e ^ root ^ below))

    def test_known_bugs(self):
        """Made by an engine with a bug of src/pt/mutant.h; without the bug all is well."""
        for bug, act in (("wrong-replicas", self.act_replicas), ("b11-stale-replicas", self.act_table_inside),
                         ("b12-large-at-zero", self.act_large_at_zero)):
            for on in "none", bug:
                with self.subTest(bug=bug, on=on):
                    self.tables.do("break", on)
                    self.addCleanup(self.tables.do, "break", "none")
                    probes = act()
                    self.machine.invalidate_all()
                    self.assertEqual(self.differences(probes) != [], on == bug)

    def act_replicas(self):
        self.new(MODERN)
        return self.probes(self.map(Page(0x5_0345_0000, 16, 26 * GIB)))

    def act_table_inside(self):
        """A page of 4K where one of 8M was: nothing is left of that."""
        self.new(CLASSIC)
        large = self.map(Page(0x5_0080_0000, 23, 26 * GIB))
        small = self.map(Page(large.iova + 4 * MIB, 12, 27 * GIB))
        return self.probes(small) + self.nothing(*range(large.iova, large.iova + large.bytes, 2 * MIB + 4096))

    def act_large_at_zero(self):
        """A page of 1T is an entry of the fourth level: the table must be as tall, or it is another page."""
        self.new(CLASSIC)
        self.tables.do("map", 0, 0, 40, 1, BOTH)
        self.attach()
        return [(20 * GIB, 20 * GIB, BOTH), (30 * GIB, 30 * GIB, BOTH)]

    def test_above_the_root(self):
        """An address that the root does not span: QEMU takes the bits it knows, the walker refuses."""
        self.build(MODERN)
        above = [(iova + (1 << 39), None, 0) for iova, _, _ in self.probes(self.small)]
        self.assertEqual(self.walker_differences(above), [])


if __name__ == "__main__":
    main()
