#!/usr/bin/env python3
"""make.py [--check]: write what `iopt dump` must print for the scripts here, or compare it.

NAME.ops is a script, NAME.modern and NAME.intel what it must print on a vtdss engine of that body;
in a NAME_N_levels the table has N levels, else 3. Entries are encoded from the VT-d specification
(D51397, "Second-Stage Paging Entries"), operations from docs/engines.md and docs/formats.md, and
nothing is taken from the C code. As ../README.md where it does not say otherwise.
"""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
READ, WRITE, PAGE_SIZE = 1 << 0, 1 << 1, 1 << 7
LEVEL_OF = {1 << 12: 0, 1 << 21: 1, 1 << 30: 2}


class Refused(Exception):
    """An errno, as it is printed."""


def span(level):
    """Bytes of one entry of a table at this level."""
    return 1 << 12 + 9 * level


class Table:
    def __init__(self, level):
        self.level, self.entries = level, {}

    def tables(self):
        """Itself and all below."""
        return 1 + sum(e.tables() for e in self.entries.values() if isinstance(e, Table))

    def vacant(self):
        return all(isinstance(e, Table) and e.vacant() for e in self.entries.values())


class Leaf:
    def __init__(self, pa, prot):
        self.pa, self.prot = pa, prot


class Domain:
    """One page table: the tree, the count of its pages, and what both bodies do alike."""

    def __init__(self, levels):
        self.levels, self.root = levels, Table(levels - 1)
        self.allocated, self.freed = 1, 0

    def install(self, table, index):
        table.entries[index] = Table(table.level - 1)
        self.allocated += 1
        return table.entries[index]

    def remove(self, table, index):
        """An entry goes, a table with all below."""
        gone = table.entries.pop(index)
        self.freed += gone.tables() if isinstance(gone, Table) else 0

    def index(self, iova, level):
        return iova // span(level) % 512

    def find(self, iova):
        """(path of tables, entry): down to a leaf, or to nothing."""
        path, entry = [], self.root
        while isinstance(entry, Table):
            path.append(entry)
            entry = entry.entries.get(self.index(iova, entry.level))
        return path, entry

    def check(self, iova, bytes_):
        if iova + bytes_ > 1 << 64 or iova + bytes_ > span(self.levels):
            raise Refused("-ERANGE")

    def pages(self, iova, pa, bytes_, size):
        """The pages of a map: of one size, or the largest that fit."""
        end = iova + bytes_
        while iova < end:
            fit = size or max(s for s in LEVEL_OF if (iova | pa) % s == 0 and s <= end - iova)
            yield iova, pa, fit
            iova, pa = iova + fit, pa + fit

    def map(self, iova, pa, size, count, prot, any_size=False):
        if size not in LEVEL_OF or not count or not 1 <= prot <= 3 or (iova | pa) % size:
            raise Refused("-EINVAL")
        bytes_ = size * count
        if pa + bytes_ > 1 << 52:
            raise Refused("-ERANGE")
        self.check(iova, bytes_)
        return self.map_pages(self.pages(iova, pa, bytes_, 0 if any_size else size), prot, iova,
                              any_size)

    def unmap(self, iova, size, count):
        if size not in LEVEL_OF or not count or iova % 4096:
            raise Refused("-EINVAL")
        self.check(iova, size * count)
        return self.unmap_range(iova, iova + size * count)

    def lookup(self, iova):
        if iova >= span(self.levels):
            return 0
        path, entry = self.find(iova)
        return entry.pa + iova % span(path[-1].level) if entry else 0


class Modern(Domain):
    def map_pages(self, pages, prot, first, undo):
        done = 0
        for iova, pa, size in pages:
            if not self.map_page(iova, pa, LEVEL_OF[size], prot):
                if undo and done:
                    self.unmap_range(first, first + done)
                return 0 if undo else done, "-EADDRINUSE"
            done += size
        return done, "0"

    def map_page(self, iova, pa, level, prot):
        table = self.root
        while table.level > level:
            index = self.index(iova, table.level)
            below = table.entries.get(index) or self.install(table, index)
            if isinstance(below, Leaf):
                return False
            table = below
        index = self.index(iova, level)
        old = table.entries.get(index)
        if old and (isinstance(old, Leaf) or not old.vacant()):
            return False
        if old:
            self.remove(table, index)
        table.entries[index] = Leaf(pa, prot)
        return True

    def unmap_range(self, first, end):
        iova = first
        while iova < end:
            path, entry = self.find(iova)
            size = span(path[-1].level)
            if not entry or iova % size:
                break
            self.remove(path[-1], self.index(iova, path[-1].level))
            iova += size
            # Tables that the walk has come to the end of, and that lie in the range.
            for parent, table in reversed(list(zip(path, path[1:]))):
                whole = span(parent.level)
                if iova % whole:
                    break
                if iova - whole >= first and iova <= end:
                    index = self.index(iova - 1, parent.level)
                    self.freed += 1
                    del parent.entries[index]
                    assert not table.entries
        return iova - first


class Intel(Domain):
    def map_pages(self, pages, prot, first, undo):
        done, refused = 0, False
        for iova, pa, size in pages:
            if self.map_page(iova, pa, LEVEL_OF[size], prot):
                done += size
            else:
                refused = True
        return done, "-EADDRINUSE" if refused else "0"

    def map_page(self, iova, pa, level, prot):
        table = self.root
        while table.level > level:
            index = self.index(iova, table.level)
            table = table.entries.get(index) or self.install(table, index)
            if isinstance(table, Leaf):
                return False
        index = self.index(iova, level)
        if index in table.entries:
            if level == 0:
                return False
            self.remove(table, index)
        table.entries[index] = Leaf(pa, prot)
        return True

    def unmap_range(self, first, end):
        path, entry = self.find(first)
        if entry and first % span(path[-1].level) == 0:
            end = max(end, first + span(path[-1].level))
        return max(end, self.clear(self.root, 0, first, end)) - first

    def clear(self, table, base, first, end):
        reached = 0
        for index, entry in sorted(table.entries.items()):
            start = base + index * span(table.level)
            stop = start + span(table.level)
            if stop <= first or start >= end:
                continue
            if isinstance(entry, Table) and (start < first or stop > end):
                reached = max(reached, self.clear(entry, start, first, end))
            elif start >= first:
                self.remove(table, index)
                reached = max(reached, stop)
        return reached


def encode(entry, level):
    """64 bits; of a pointer those beside the address."""
    if isinstance(entry, Table):
        return READ | WRITE
    return entry.pa | (READ if entry.prot & 1 else 0) | (WRITE if entry.prot & 2 else 0) | \
        (PAGE_SIZE if level else 0)


def number(text):
    """Decimal or 0x…, suffixes, sums, differences, -X from 2^64."""
    total = 1 << 64 if text.startswith("-") else 0
    for sign, digits, suffix in re.findall(r"([+-]?)(0x[0-9a-f]+|\d+)([KMGTP]?)", text):
        value = int(digits, 0) << 10 * " KMGTP".index(suffix or " ")
        total += -value if sign == "-" else value
    return total


def carry_out(domain, text):
    word, *args = text.split()
    args = [number(a) for a in args]
    try:
        if word == "map":
            done, error = domain.map(*args)
            return f"ret {error} mapped {done:#x}"
        if word == "map_range":
            iova, pa, size, prot = args
            if size % 4096:
                raise Refused("-EINVAL")
            return f"ret {domain.map(iova, pa, 4096, size // 4096, prot, True)[1]}"
        if word == "unmap":
            return f"unmapped {domain.unmap(*args):#x}"
        if word == "unmap_range":
            if args[1] % 4096:
                raise Refused("-EINVAL")
            return f"unmapped {domain.unmap(args[0], 4096, args[1] // 4096):#x}"
    except Refused as refused:
        if word == "map":
            return f"ret {refused} mapped 0x0"
        return f"ret {refused}" if word == "map_range" else "unmapped 0x0"
    return f"{domain.lookup(args[0]):#x}"


def print_table(table, path, lines):
    for index, entry in sorted(table.entries.items()):
        at, value = path + [str(index)], encode(entry, table.level)
        if isinstance(entry, Table):
            lines.append(f"L{table.level} {'/'.join(at)} T|{table.level}|0x{value:016x}")
            print_table(entry, at, lines)
        else:
            lines.append(f"L{table.level} {'/'.join(at)} 0x{value:016x}")


def dump(path, body):
    levels = re.search(r"_(\d)_levels\.ops$", path)
    domain = body(int(levels[1]) if levels else 3)
    lines, n = [], 0
    with open(path, encoding="ascii") as f:
        for text in f:
            text = text.split("#")[0].strip()
            if text:
                n += 1
                lines.append(f"# {n}: {text} -> {carry_out(domain, text)}")
    lines.append(f"# mode {domain.levels}, pages live {domain.allocated - domain.freed}, "
                 f"allocated {domain.allocated}, freed {domain.freed}")
    assert domain.root.tables() == domain.allocated - domain.freed
    entries = []
    print_table(domain.root, [], entries)
    tables = sum(" T|" in line for line in entries)
    lines += entries
    lines.append(f"# leaf entries {len(entries) - tables}, table entries {tables}")
    lines.append("# after destroy: pages live 0")
    return "\n".join(lines) + "\n"


def main(check):
    wrong = 0
    for ops in sorted(glob.glob(os.path.join(HERE, "*.ops"))):
        for suffix, body in (("modern", Modern), ("intel", Intel)):
            want, path = dump(ops, body), ops[:-3] + suffix
            if not check:
                with open(path, "w", encoding="ascii") as f:
                    f.write(want)
                continue
            with open(path, encoding="ascii") as f:
                if f.read() != want:
                    print(f"{path}: not what this script makes")
                    wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] == ["--check"]))
