"""iommu.py - an emulated AMD IOMMU with DMA devices behind it, driven from outside; no guest runs.

QEMU has one CPU, halted in a ROM of our own. Its RAM is a file that is shared with us and with
tables.c, whose engines build their tables in there. Registers, device table, command ring and the
devices (`edu`, which has a 4 KiB buffer and copies from and to it) are worked over QEMU's qtest
protocol. Virtual time runs only while it is waited for, so that a DMA's 100 ms are none.
"""
import mmap
import os
import platform
import select
import shutil
import struct
import subprocess
import time

MIB, GIB = 1 << 20, 1 << 30
NEEDED = ("qemu-system-x86_64", "setpriv")
LIMIT_S = 60  # without an answer: a directory that leads to itself keeps QEMU busy for ever
PAUSE_S = 0.0003  # before asking again: answering keeps QEMU from working

# What lies where in the machine. RAM is below 2 GiB and from 4 GiB on, sparse: nobody fills it.
LOW_BYTES, RAM_BYTES, HIGH = 2 * GIB, 64 * GIB, 4 * GIB
DEVICE_TABLE, RING, DONE, STAGING = 2 * MIB, 2 * MIB + 0x2000, 2 * MIB + 0x3000, 2 * MIB + 0x10000
WINDOWS = ((256 * MIB, 64 * MIB), (16 * GIB, 64 * MIB))  # of table pages; nothing of a program is there
NOT_DATA = ((2 * MIB, MIB), *WINDOWS)
INTERRUPTS = range(0xfee00000, 0xfef00000)  # as IOVA: never RAM

REGISTERS = 0xfed80000
CONTROL, HEAD, TAIL = 0x18, 0x2000, 0x2008
ENABLE, COMMANDS = 1 << 0, 1 << 12
RING_COMMANDS = 256
COMPLETION_WAIT, INVALIDATE_DEVICE, INVALIDATE_PAGES, INVALIDATE_ALL = 1, 2, 3, 8
DOMAIN = 7

DEVICES = 16        # that work at once: it is the rounds that take time
FIRST_SLOT = 4       # of the PCI bus
BARS = 0xc0000000    # where their registers are put
BUFFER = 0x40000     # of a device, as it sees it itself
SOURCE, TARGET, COUNT, COMMAND = 0x80, 0x88, 0x90, 0x98
START, TO_RAM = 1, 2
TOKEN, SLOTS = 16, 127  # its lower half has tokens to write, the upper half what was read; never quite full
UPPER = BUFFER + 2048


def missing():
    """What keeps such a machine from running here, with the remedy; None: nothing."""
    if platform.machine() != "x86_64":
        return f"addresses are laid out for x86-64, this host is {platform.machine()}"
    for tool in NEEDED:
        if not shutil.which(tool):
            return f"no {tool} here; scripts/setup test installs it"
    for device in "amd-iommu", "edu":
        asked = subprocess.run(["qemu-system-x86_64", "-M", "q35", "-device", device + ",help"],
                               capture_output=True, text=True, check=False)
        if f"{device} options" not in asked.stdout:
            return f"this qemu-system-x86_64 has no device {device}; Debian's qemu-system-x86 does"
    return None


class Ram:
    """The machine's memory, by the machine's addresses."""
    def __init__(self):
        self.fd = os.memfd_create("guest-ram")
        os.truncate(self.fd, RAM_BYTES)
        self.map = mmap.mmap(self.fd, RAM_BYTES)

    @staticmethod
    def offset(address):
        return address if address < LOW_BYTES else address - (HIGH - LOW_BYTES)

    @staticmethod
    def holds(address, count=TOKEN):
        return address + count <= LOW_BYTES or HIGH <= address <= HIGH + RAM_BYTES - LOW_BYTES - count

    def get(self, address, count):
        return self.map[self.offset(address):self.offset(address) + count]

    def put(self, address, data):
        self.map[self.offset(address):self.offset(address) + len(data)] = data

    def number(self, address, value=None):
        """An 8-byte word, read or written."""
        if value is not None:
            self.put(address, struct.pack("<Q", value))
        return struct.unpack("<Q", self.get(address, 8))[0]

    def data_parts(self):
        """(from, to) in the file: all but what we gave the IOMMU ourselves."""
        at = 0
        for address, count in NOT_DATA:
            yield at, self.offset(address)
            at = self.offset(address) + count
        yield at, RAM_BYTES

    def written(self):
        """Address and content of every page of data that is not all zeroes."""
        zeroes = bytes(4096)
        for at, end in self.data_parts():
            while at < end:
                try:
                    at = os.lseek(self.fd, at, os.SEEK_DATA)
                    hole = os.lseek(self.fd, at, os.SEEK_HOLE)
                except OSError:  # nothing but a hole up to the end
                    break
                for page in range(at, min(hole, end), 4096):
                    content = self.map[page:page + 4096]
                    if content != zeroes:
                        yield page if page < LOW_BYTES else page + HIGH - LOW_BYTES, content
                at = hole

    def clear_data(self):
        for at, end in self.data_parts():
            self.map.madvise(mmap.MADV_REMOVE, at, end - at)


class Lines:
    """A program that answers each line with a line. Ends when we do, whatever becomes of us."""
    def __init__(self, command, fds, stderr):
        self.program = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], pass_fds=fds,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        self.rest = b""

    def ask(self, lines):
        os.write(self.program.stdin.fileno(), ("\n".join(lines) + "\n").encode())
        return [self.line() for _ in lines]

    def line(self):
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.program.stdout], [], [], LIMIT_S)
            got = os.read(self.program.stdout.fileno(), 1 << 16) if ready else b""
            if not got:
                what = "ended" if ready else f"did not answer for {LIMIT_S} s and was ended"
                self.program.kill()
                raise RuntimeError(f"{self.program.args[3]} {what}")
            self.rest += got
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def close(self):
        self.program.kill()
        self.program.wait()
        self.program.stdin.close()
        self.program.stdout.close()


class Tables(Lines):
    """The engines: tables.c has the words they obey."""
    def __init__(self, program, ram):
        windows = [f"{address}:{ram.offset(address)}:{count}" for address, count in WINDOWS]
        super().__init__([program, str(ram.fd), *windows], [ram.fd], None)

    def do_all(self, commands):
        answers = self.ask([" ".join(str(word) for word in words) for words in commands])
        return [[int(number) for number in answer.split()] for answer in answers]

    def do(self, *words):
        return self.do_all([words])[0]


class Machine(Lines):
    def __init__(self, folder, ram):
        os.makedirs(folder, exist_ok=True)
        rom = os.path.join(folder, "rom")
        with open(rom, "wb") as f:  # at the reset vector: cli; hlt; jump back
            f.write((bytes(0xfff0) + b"\xfa\xf4\xeb\xfd").ljust(1 << 16, b"\0"))
        devices = [f"edu,addr={FIRST_SLOT + i:#x},dma_mask={(1 << 64) - 1:#x}" for i in range(DEVICES)]
        with open(os.path.join(folder, "qemu.stderr"), "wb") as stderr:
            super().__init__(
                ["qemu-system-x86_64", "-M", "q35,memory-backend=ram,hpet=off,pit=off", "-cpu", "qemu64",
                 "-m", f"{RAM_BYTES // MIB}M", "-object", "memory-backend-file,id=ram,share=on,"
                 f"size={RAM_BYTES},mem-path=/proc/self/fd/{ram.fd}", "-nodefaults", "-no-user-config",
                 "-display", "none", "-bios", rom, "-accel", "tcg", "-icount", "shift=0,sleep=off",
                 "-qtest", "stdio", "-qtest-log", "none",
                 # the IOMMU before the devices; not letting them by
                 "-device", "amd-iommu,pt=off", *sum((["-device", d] for d in devices), [])],
                [ram.fd], stderr)
        self.ram, self.tail, self.waited, self.slot = ram, 0, 0, 0
        self.transfers = 0
        self.set_up()

    def qtest(self, *lines):
        answers = self.ask(lines)
        for line, answer in zip(lines, answers, strict=True):
            if not answer.startswith("OK"):
                raise RuntimeError(f"qemu: {line}: {answer}")
        return int(answers[-1][3:] or "0", 0)

    # PCI configuration, registers, commands

    def config(self, slot, register, value=None):
        address = f"outl 0xcf8 {0x80000000 | slot << 11 | register:#x}"
        return self.qtest(address, "inl 0xcfc" if value is None else f"outl 0xcfc {value:#x}")

    def register(self, register, value):
        self.qtest(f"writeq {REGISTERS + register:#x} {value:#x}")

    def set_up(self):
        for i in range(DEVICES):
            if self.config(FIRST_SLOT + i, 0) != 0x11e81234:
                raise RuntimeError("the edu devices are not where they were put")
            self.config(FIRST_SLOT + i, 0x10, BARS + i * MIB)
            self.config(FIRST_SLOT + i, 4, 6)  # its registers answer, it may do DMA
        self.iommu = next(s for s in range(32) if self.config(s, 8) >> 8 == 0x080600)
        self.register(0, DEVICE_TABLE | 1)  # two pages: 256 functions
        self.register(8, RING | 8 << 56)
        self.translate(False)
        self.tokens = []  # that the devices load now and will write from now on
        for i in range(DEVICES):
            tokens = b"".join(struct.pack("<QQ", 0x6b6f74 << 40 | i << 32 | k, ~(i << 32 | k) & (1 << 64) - 1)
                              for k in range(SLOTS))
            self.ram.put(STAGING + i * 0x1000, tokens)
            self.tokens.append(tokens)
        self.wave([(STAGING + i * 0x1000, BUFFER, len(self.tokens[i]), 0) for i in range(DEVICES)])
        self.translate(True)

    def translate(self, on):
        """Off: what the devices call an IOVA is an address."""
        self.on = on
        self.register(CONTROL, (ENABLE if on else 0) | COMMANDS)

    def command(self, opcode, low=0, high=0):
        at = RING + 16 * self.tail
        self.ram.number(at, opcode << 60 | low)
        self.ram.number(at + 8, high)
        self.tail = (self.tail + 1) % RING_COMMANDS
        self.register(TAIL, 16 * self.tail)

    def wait(self):
        """COMPLETION_WAIT: has it been carried out, and everything before it?"""
        self.waited += 1
        self.command(COMPLETION_WAIT, DONE | 1, self.waited)
        if self.ram.number(DONE) != self.waited:
            raise RuntimeError("COMPLETION_WAIT did not complete")

    def invalidate(self, iova, size_lg2):
        """INVALIDATE_IOMMU_PAGES of an aligned range, with directories, and wait."""
        high = iova & ~0xfff | 2
        if size_lg2 > 12:  # the lowest zero from bit 12 up says how large
            high |= (1 << size_lg2 - 1) - 1 & ~0xfff | 1
        self.command(INVALIDATE_PAGES, DOMAIN << 32, high)
        self.wait()

    def invalidate_all(self):
        self.command(INVALIDATE_ALL)
        self.wait()

    def attach(self, root, levels, prot=3, told=True):
        """Make the devices' entries stand for this table, and tell the IOMMU, if `told`."""
        for i in range(DEVICES):
            at = DEVICE_TABLE + 32 * (FIRST_SLOT + i << 3)
            self.ram.number(at + 8, DOMAIN)
            self.ram.number(at, prot << 61 | root | levels << 9 | 3)
            if told:
                self.command(INVALIDATE_DEVICE, FIRST_SLOT + i << 3)
        if told:
            self.invalidate_all()

    def device_entry(self):
        return self.ram.number(DEVICE_TABLE + 32 * (FIRST_SLOT << 3))

    def aborted(self):
        """Has the IOMMU set "target abort" in its PCI status since it was last asked?"""
        status = self.config(self.iommu, 4)
        self.config(self.iommu, 4, 1 << 27 | status & 0xffff)
        return bool(status & 1 << 27)

    # DMA

    def wave(self, jobs):
        """(source, target, count, direction) for each device, all at once."""
        bars = [BARS + i * MIB for i in range(len(jobs))]
        lines = []
        for bar, (source, target, count, direction) in zip(bars, jobs):
            for register, value in ((SOURCE, source), (TARGET, target), (COUNT, count),
                                    (COMMAND, direction | START)):
                lines.append(f"writeq {bar + register:#x} {value:#x}")
        self.qtest(*lines)
        for bar in reversed(bars):  # the last to begin is the last to end
            while self.qtest(f"readq {bar + COMMAND:#x}") & START:
                time.sleep(PAUSE_S)
        self.transfers += len(jobs)

    def waves(self, jobs):
        """The same for any number; above 2^48 QEMU mixes devices up and wants to forget each time."""
        high = any(max(source, target) >> 48 for source, target, _, _ in jobs)
        for at in range(0, len(jobs), 1 if high else DEVICES):
            if high:
                self.invalidate_all()
            self.wave(jobs[at:at + (1 if high else DEVICES)])
        return 1 if high else DEVICES

    def write(self, iovas):
        """Every device in turn writes 16 bytes there; what was sent, IOVA by IOVA."""
        high = any(iova >> 48 for iova in iovas)
        sent, jobs = [], []
        for n, iova in enumerate(iovas):
            self.slot = (self.slot + 1) % SLOTS
            sent.append(self.tokens[0 if high else n % DEVICES][TOKEN * self.slot:TOKEN * (self.slot + 1)])
            jobs.append((BUFFER + TOKEN * self.slot, iova, TOKEN, TO_RAM))
        self.waves(jobs)
        return sent

    def read(self, iovas, count=TOKEN):
        """Every device in turn reads there; what it got, IOVA by IOVA. Nothing arrives: zeroes."""
        per_device = SLOTS * TOKEN // count
        high = any(iova >> 48 for iova in iovas)
        at_once, got = (1 if high else DEVICES), []
        for at in range(0, len(iovas), at_once * per_device):
            part = iovas[at:at + at_once * per_device]
            self.waves([(iova, UPPER + n // at_once * count, count, 0) for n, iova in enumerate(part)])
            on = self.on
            self.translate(False)  # straight to where we look
            self.wave([(UPPER, STAGING + i * 0x1000, SLOTS * TOKEN, TO_RAM) for i in range(at_once)])
            self.translate(on)
            got += [self.ram.get(STAGING + n % at_once * 0x1000 + n // at_once * count, count)
                    for n in range(len(part))]
        return got

    def write_long(self, iova, count):
        """One device writes many tokens there in one go; what was sent."""
        self.waves([(BUFFER, iova, count, TO_RAM)])
        return self.tokens[0][:count]
