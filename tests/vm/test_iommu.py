"""QEMU's AMD IOMMU walks the tables of the release engines: data lands where the owner mapped it, and
nowhere else. What it must do follows from the arguments of each map, never from the table (of golden
scripts: from what the audit reads; that the scripts leave behind what they should is cli/dump's).
"""
import glob
import os
import re

import iommu
from iommu import GIB, INTERRUPTS, MIB, TOKEN
from iommu_case import (BOTH, CLASSIC, LOCKED, MODERN, READ, WRITE, Iommu, Page, in_data, level_of,
                        main)

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "golden")


class Translation(Iommu):
    def test_it_is_in_the_way(self):
        """Off, an IOVA is an address; on, with an empty table, nothing gets through."""
        self.new(MODERN)
        self.machine.translate(False)
        self.check([(20 * GIB, 20 * GIB, BOTH)], walked=False)
        self.machine.translate(True)
        self.check(self.nothing(20 * GIB, 0, 0x1000, GIB, (1 << 39) - TOKEN))

    def test_sizes(self):
        """Every page size, through each of its entries, and nothing beside it."""
        for engine in MODERN, CLASSIC:
            for size_lg2 in set(range(12, 52)) - {39}:
                with self.subTest(engine=engine, size_lg2=size_lg2):
                    self.new(engine)
                    top = max(39, 12 + 9 * (level_of(size_lg2) + 1))
                    iova = self.free_iova(size_lg2, min(top, 64))
                    page = self.map(Page(iova, size_lg2, self.free_pa(size_lg2)))
                    self.attach()
                    beside = [i for i in (page.iova - TOKEN, page.iova + page.bytes)
                              if 0 <= i < 1 << 12 + 9 * self.tables.do("top")[1]]
                    self.check(self.probes(page) + self.nothing(*beside))

    def test_root_levels(self):
        """Tables that are created with 3 to 6 levels, pages near both ends of what they span."""
        for engine in MODERN, CLASSIC, LOCKED:
            for levels in range(3, 7):
                with self.subTest(engine=engine, levels=levels):
                    self.new(engine, levels)
                    end = 1 << min(64, 12 + 9 * levels)
                    pages = [self.map(Page(iova, lg2, self.free_pa(lg2)))
                             for lg2 in (12, 16, 21, 24, 30) for iova in
                             (lg2 << 31, end // 2 - (lg2 << 31), end // 2 + (lg2 << 31), end - (lg2 << 31))]
                    pages.append(self.map(Page(end - 4096, 12, self.free_pa(12))))
                    self.assertEqual(self.tables.do("top")[1], levels)
                    self.check(sum((self.probes(p, [(0, 4096), (p.bytes - 4096, 4096)]) for p in pages), []) +
                               self.nothing(*(p.iova - 4096 for p in pages)))

    def test_growth(self):
        """The root grows: the device goes on with the old one until it is told, then all is there."""
        for engine in MODERN, CLASSIC, LOCKED:
            with self.subTest(engine=engine):
                self.new(engine)
                pages = [self.map(Page(self.free_iova(21), 21, self.free_pa(21)))]
                for levels in 4, 5, 6:
                    self.check(sum(map(self.probes, pages), []))
                    before = self.tables.do("top")
                    pages.append(self.map(Page((1 << 12 + 9 * (levels - 1)) + levels * 64 * MIB, 16,
                                               self.free_pa(16))))
                    self.assertEqual(self.tables.do("top")[1], levels)
                    self.assertNotEqual(self.tables.do("top")[0], before[0])
                    self.check(sum(map(self.probes, pages[:-1]), []))  # by the old root
                    self.attach()
                self.check(sum(map(self.probes, pages), []))

    def test_unmap(self):
        """Until it is invalidated a translation that was used may go on, and does; after that, nothing."""
        for engine in MODERN, CLASSIC, LOCKED:
            for size_lg2 in 12, 16, 21, 24, 30:
                with self.subTest(engine=engine, size_lg2=size_lg2):
                    self.new(engine)
                    iova = self.free_iova(size_lg2 + 2)
                    one, other = (self.map(Page(iova + (i << size_lg2), size_lg2, self.free_pa(size_lg2)))
                                  for i in range(2))
                    probes = self.probes(one)[:2 * iommu.DEVICES]
                    self.check(probes)
                    self.unmap(one)
                    self.check(probes, walked=False)  # by the same device in the same 4 KiB
                    self.machine.invalidate(one.iova, size_lg2)
                    gone = self.nothing(*(i for i, _, _ in probes))
                    self.check(gone + self.probes(other)[:8])
                    again = self.map(Page(one.iova, size_lg2, self.free_pa(size_lg2)))
                    self.check(self.probes(again)[:8] + self.probes(other)[:8])

    def test_a_table_is_freed(self):
        """512 pages by one unmap: the engine gives the table back, the devices find nothing there."""
        self.new(MODERN)
        iova = self.free_iova(21)
        for i in range(512):
            self.map(Page(iova + 4096 * i, 12, self.free_pa(12)))
        freed = self.tables.do("pages")[1]
        self.tables.do("unmap", iova, 12, 512)
        self.assertEqual(self.tables.do("pages")[1], freed + 1)
        self.machine.invalidate(iova, 21)
        self.check(self.nothing(*range(iova, iova + 2 * MIB, 8192)))
        self.check(self.probes(self.map(Page(iova, 21, self.free_pa(21)))))

    def test_permissions(self):
        """Of each leaf, and of the device's entry on top of it."""
        for engine in MODERN, CLASSIC:
            for entry in BOTH, READ, WRITE:
                with self.subTest(engine=engine, entry=entry):
                    self.new(engine)
                    pages = [self.map(Page(lg2 << 31 | prot << lg2, lg2, self.free_pa(lg2), prot))
                             for lg2 in (12, 13, 16, 21, 24, 30) for prot in (READ, WRITE, BOTH)]
                    self.attach(prot=entry)
                    probes = [(iova, pa, prot & entry) for p in pages
                              for iova, pa, prot in self.probes(p, p.entries()[-2:])]
                    self.check(probes, cold=True)
                    # refused by the device's entry, it says so; by a leaf, QEMU's does not
                    self.assertEqual(self.machine.aborted(), entry != BOTH)

    def test_borders(self):
        """One DMA over two pages of any two sizes; and what it writes beyond the last is lost."""
        self.new(MODERN)
        at, count = INTERRUPTS.stop, 1024
        for lg2, after in [(a, b) for a in (12, 15, 21, 22, 30) for b in (12, 15, 21, 22, 30)]:
            larger = max(lg2, after)
            at = -(-(at + (1 << lg2)) >> larger) << larger
            one = self.map(Page(at - (1 << lg2), lg2, self.free_pa(lg2)))
            two = self.map(Page(at, after, self.free_pa(after)))
            sent = self.machine.write_long(at - count // 2, count)
            self.expect(one.pa + one.bytes - count // 2, sent[:count // 2])
            self.expect(two.pa, sent[count // 2:])
            self.assertEqual(self.strays(), [], (lg2, after))
            self.assertEqual(self.machine.read([at - TOKEN, at]),
                             [sent[count // 2 - TOKEN:count // 2], sent[count // 2:][:TOKEN]])
            at += two.bytes
        sent = self.machine.write_long(at - count // 2, count)
        self.expect(two.pa + two.bytes - count // 2, sent[:count // 2])
        self.assertEqual(self.strays(), [])

    def test_high_addresses(self):
        """The ends of what each level spans, up to the last page of 64 bits."""
        for engine in MODERN, CLASSIC:
            with self.subTest(engine=engine):
                self.new(engine)
                edges = [(1 << lg2) + i * 4096 for lg2 in (39, 47, 48, 56, 57, 63) for i in (-1, 0)]
                pages = [self.map(Page(iova, 12, self.free_pa(12))) for iova in edges + [(1 << 64) - 4096]]
                pages.append(self.map(Page((1 << 64) - 2 * GIB, 30, self.free_pa(30))))
                pages.append(self.map(Page((1 << 57) + GIB, 24, self.free_pa(24))))
                self.attach()
                self.assertEqual(self.tables.do("top")[1], 6)
                self.check(sum((self.probes(p, p.entries()[:2] + p.entries()[-1:]) for p in pages), []) +
                           self.nothing(*(p.iova ^ 1 << 62 for p in pages), (1 << 64) - 8192))


class Scripts(Iommu):
    def test_random(self):
        """Maps and unmaps of all sizes side by side, the devices asked all the time."""
        sizes = [12, 12, 12, 13, 15, 16, 17, 20, 21, 21, 23, 25, 29, 30, 31, 33]
        for engine in MODERN, CLASSIC, LOCKED:
            with self.subTest(engine=engine):
                self.new(engine)
                live, gone = [], []
                for _ in range(8):
                    self.changes(sizes, live, gone)
                    asked = self.random.sample(live, min(len(live), 32))
                    self.check(sum((self.probes(p, self.random.sample(p.entries(), 1)) for p in asked), []) +
                               self.nothing(*self.random.sample(gone, min(len(gone), 16))))
                self.check(sum((self.probes(p, p.entries()[-8:]) for p in live), []))

    def changes(self, sizes, live, gone):
        for _ in range(40):
            page = Page(0, self.random.choice(sizes), 0, self.random.choice((READ, WRITE, BOTH, BOTH, BOTH)))
            page.iova, page.pa = self.free_iova(page.size_lg2), self.free_pa(page.size_lg2)
            if self.random.random() < 0.5 and live:  # beside another
                page.iova = max(live[-1].iova + live[-1].bytes >> page.size_lg2, 1) << page.size_lg2
            if all(page.iova + page.bytes <= p.iova or p.iova + p.bytes <= page.iova for p in live) and \
               page.iova + page.bytes <= 1 << 39:
                live.append(self.map(page))
        for page in self.random.sample(live, len(live) // 4):
            live.remove(page)
            self.unmap(page)
            self.machine.invalidate(page.iova, page.size_lg2)
            gone += [page.iova, page.iova + page.bytes - TOKEN]
        gone[:] = [i for i in gone if not any(p.iova <= i < p.iova + p.bytes for p in live)]

    def test_golden(self):
        """After each golden script the devices and the audit agree on what is mapped where."""
        tried = 0
        for path in sorted(glob.glob(os.path.join(GOLDEN, "*.ops"))):
            for engine in MODERN, CLASSIC:
                with self.subTest(script=os.path.basename(path), engine=engine):
                    self.new(engine)
                    self.play(path)
                    self.attach()
                    leaves = self.tables.do("leaves")
                    pages = [Page(leaves[i], leaves[i + 2], leaves[i + 1], leaves[i + 3])
                             for i in range(0, len(leaves), 4)]
                    some = self.random.sample(pages, min(len(pages), 12))
                    probes = sum((self.probes(p, self.random.sample(p.entries(), min(len(p.entries()), 4)))
                                  for p in some), [])
                    if probes:
                        tried += 1
                        self.check(probes)
        self.assertGreater(tried, 60)

    def play(self, path):
        """Its operations, at output addresses that the machine has."""
        with open(path, encoding="utf-8") as f:
            for words in filter(None, (line.split("#")[0].split() for line in f)):
                numbers = [number(word) for word in words[1:]]
                if words[0] in ("map", "map_range"):
                    if words[0] == "map_range":
                        numbers[2:3] = [4096, numbers[2] >> 12]
                    end = numbers[1] + numbers[2] * numbers[3]
                    if not in_data(numbers[1]) and end <= 1 << 52 and numbers[2] <= 16 * GIB:
                        numbers[1] = 32 * GIB + numbers[1] % (16 * GIB)
                    numbers[2] = numbers[2].bit_length() - 1
                elif words[0] == "unmap":
                    numbers[1] = numbers[1].bit_length() - 1
                elif words[0] == "unmap_range":
                    numbers[1:] = [12, numbers[1] >> 12]
                self.tables.do(words[0], *numbers)


def number(text):
    """As the golden scripts write them: 0x10, 2M, 1G+4K, -4K."""
    total = 0
    for sign, digits, suffix in re.findall(r"([+-]?)(0x[0-9a-f]+|\d+)([KMGTP]?)", text):
        value = int(digits, 0) << 10 * " KMGTP".index(suffix or " ")
        total += -value if sign == "-" else value
    return total % (1 << 64)


if __name__ == "__main__":
    main()
