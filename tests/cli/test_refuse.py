"""What cannot be: refused at once with the exit code that says whose fault it is."""
import gzip
import os
import resource
import shutil
import subprocess
import tempfile
import unittest

from command import IOPT, ROOT, Command, main

QUICK = ("--threads", "1", "--engines", "lockless", "--duration", "0.1s", "--quiet")
TRACE = os.path.join(ROOT, "configs", "traces", "net-amd-strict.trace.gz")


class Machine(Command):
    def test_threads(self):
        self.refused(64, r"--threads 4096: must be 1\.\.1024", "run", "--threads", "4096")
        if len(os.sched_getaffinity(0)) < 1024:
            self.refused(69, r"--threads 1024: only \d+ CPU", "run", "--threads", "1024")

    def test_places(self):
        self.refused(69, r"--place node:63: node 63 does not exist: node",
                     "run", "--place", "node:63")
        self.refused(69, r"--place cpus:4095: CPU 4095 does not exist: CPU",
                     "run", "--place", "cpus:4095")
        self.refused(69, r"--place cpus:4095", "run", "--place", "cpus:4095", "--dry-run")

    def test_memory_nodes(self):
        for policy in ("bind", "device"):
            for more in ((), ("--dry-run",)):
                self.refused(69, rf"--mem {policy}:63: node 63 does not exist: node",
                             "run", "--mem", f"{policy}:63", *more)

    def test_contradictions(self):
        self.refused(64, r"--workload rendezvous wants at least 2 threads",
                     "run", "--workload", "rendezvous", "--threads", "1")
        if len(os.sched_getaffinity(0)) > 1:
            self.refused(64, r"--engines amdv1/none wants one thread",
                         "run", "--engines", "none", "--threads", "2")

    def test_shapes(self):
        """What a workload cannot do with these sizes, said while planning."""
        def plan(machine, *options):
            return ("run", "--dry-run", "--topology", machine, "--workload", *options)
        two, many = "pack:1 core:2 pu:1", "pack:1 core:64 pu:1"
        for name in ("cold", "convoy", "grow"):
            self.fine(*plan(two, name, "--threads", "2"))
            self.refused(64, rf"{name}: .* leave --batch at 1",
                         *plan(two, name, "--threads", "2", "--batch", "2"))
            self.refused(64, rf"{name}: 33 threads, .* 32 pages; choose fewer --threads",
                         *plan(many, name, "--threads", "33", "--page-size", "64K"))
        self.refused(64, "convoy: .* --page-size below 1G",
                     *plan(two, "convoy", "--page-size", "1G", "--threads", "2"))
        self.refused(64, "convoy: .* --round 2",
                     *plan(two, "convoy", "--round", "1", "--threads", "2"))
        self.refused(64, "grow: .* --page-size below 512G",
                     *plan(two, "grow", "--page-size", "1T", "--threads", "2"))
        self.refused(64, "cold: --round 1000000 .* fewer",
                     *plan(two, "cold", "--page-size", "1G", "--round", "1000000"))

    def test_think(self):
        """A stretch is up to 512 maps and as many unmaps: longer thoughts stop for nobody."""
        self.refused(64, r"--think 1s: must be 0\.\.1ms", "run", "--think", "1s")
        self.fine("run", "--workload", "private", "--think", "10us", *QUICK)

    def test_one_cpu(self):
        cpu = min(os.sched_getaffinity(0))

        def pin():
            os.sched_setaffinity(0, {cpu})
        self.refused(69, r"--threads 2: only 1 CPU is allowed here",
                     "run", "--threads", "2", preexec_fn=pin)
        self.refused(69, r"is not allowed here|does not exist",
                     "run", "--place", f"cpus:{cpu + 1}", preexec_fn=pin)
        plan = self.fine("run", "--dry-run", preexec_fn=pin)
        self.assertIn(f"private  threads 1 on CPUs {cpu} ", plan)
        self.assertNotRegex(plan, r"threads [2-9]")
        self.assertRegex(self.fine("topo", preexec_fn=pin), r"\(1 allowed\)")

    @unittest.skipIf(os.environ.get("IOPT_SANITIZE"), "sanitizers want address space themselves")
    def test_little_memory(self):
        """Below 32 MiB jemalloc itself gives up when a thread first asks it for memory."""
        for mib in (32, 40, 48, 64):
            def limit(size=mib << 20):
                resource.setrlimit(resource.RLIMIT_AS, (size, size))
            done = self.iopt("run", "--workload", "private,cursor", *QUICK, preexec_fn=limit)
            self.assertIn(done.returncode, (0, 69), (mib, done.stderr))
            if done.returncode:
                self.assertRegex(done.stderr, r"^iopt run: .*(memory|cannot start)")


class Elsewhere(Command):
    TOPOLOGY = ("--topology", "2 pack:2 numa:1 l3:4 core:4 pu:2")

    def test_plan(self):
        plan = self.fine("run", "--dry-run", *self.TOPOLOGY)
        self.assertRegex(plan, r"^plan: \d+ groups, \d+ cases, about \d+ s, at most \S+, "
                               r"for another machine")
        self.assertRegex(plan, r"(?m)^  private +threads 128 on CPUs .*4 nodes")
        self.assertRegex(plan, r"(?m)^  private .*\(node-rr, 4 nodes\)")

    def test_impossible_there(self):
        self.refused(69, r"--threads 129: only 128 CPUs", "run", "--dry-run", *self.TOPOLOGY,
                     "--threads", "129")
        self.refused(69, r"--mem bind:4: node 4 does not exist: nodes 0-3", "run", "--dry-run",
                     *self.TOPOLOGY, "--mem", "bind:4")

    def test_not_measured(self):
        self.refused(64, r"--topology: .*add --dry-run", "run", *self.TOPOLOGY)

    def test_no_topology(self):
        self.refused(64, r"--topology '?nonsense", "run", "--dry-run", "--topology", "nonsense")


class Folder(Command):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.dir = kept.name

    def path(self, name, data=None):
        path = os.path.join(self.dir, name)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path


class Out(Folder):
    # without --duration: were it not refused before the run, this would take a minute
    def cannot(self, says, out, **more):
        self.refused(73, r"^iopt run: --out: .*" + says, "run", "--out", out, timeout=20, **more)

    def test_under_a_file(self):
        self.cannot("Not a directory", self.path("file", b"") + "/out")
        self.cannot("not a directory", self.path("file"))

    def test_where_nothing_can_be_made(self):
        self.cannot("cannot create directory /proc/iopt", "/proc/iopt/out")

    def test_read_only(self):
        if os.geteuid():
            os.chmod(self.dir, 0o555)
            self.addCleanup(os.chmod, self.dir, 0o755)
            self.cannot("Permission denied", self.path("out"))
        else:
            self.mounted("mount -t tmpfs -o ro none", "Read-only file system")

    def test_full(self):
        self.mounted("mount -t tmpfs -o size=64k none", "No space left")

    def mounted(self, mount, says):
        """In a mount namespace of its own."""
        there = ["unshare", "-m", "sh", "-c", f'{mount} "$0" && exec "$@"', self.dir]
        if not shutil.which("unshare") or subprocess.run([*there, "true"], check=False,
                                                         capture_output=True).returncode:
            self.skipTest("nothing may be mounted here")
        done = subprocess.run([*there, IOPT, "run", "--out", self.path("out")], timeout=20,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (73, ""), done.stderr)
        self.assertRegex(done.stderr, f"^iopt run: --out: .*{says}")


class Traces(Folder):
    # no --duration and a first workload that would take its time
    def damaged(self, path, says):
        self.refused(65, r"^iopt trace: .*" + says, "trace", path, timeout=20)
        self.refused(65, r"^iopt run: .*" + says, "run", "--workload", "private,replay:" + path,
                     timeout=20)

    def test_missing(self):
        self.damaged("no-such-trace", r"no such file, and no shipped trace \(.*net-amd-strict")
        self.damaged("/no/such/trace", r"No such file")
        self.damaged(self.dir, "is a directory")

    def test_truncated(self):
        with open(TRACE, "rb") as f:
            whole = f.read()
        self.damaged(self.path("cut.gz", whole[:len(whole) // 2]),
                     r"after line \d{3,}: gzip data is cut short")
        self.damaged(self.path("head.gz", whole[:2]), r"after line 0: gzip data is cut short")

    def test_corrupt(self):
        with open(TRACE, "rb") as f:
            data = bytearray(f.read())
        data[len(data) // 2] ^= 0x55
        self.damaged(self.path("bad.gz", data), r"bad\.gz:\d+: |after line \d+: ")

    def test_binary(self):
        self.damaged(self.path("elf", b"# tracer: nop\n\x7fELF\x00\x01"), r"elf:2: a zero byte")

    def test_damaged_line(self):
        lines = gzip.open(TRACE, "rt").read().splitlines(keepends=True)[:200]
        at = next(i for i, line in enumerate(lines) if i > 100 and " map: " in line)
        lines[at] = lines[at].split(" map: ")[0] + " map: IOMMU: iova=0xzz\n"
        self.damaged(self.path("line.trace", "".join(lines).encode()), rf"line\.trace:{at + 1}: ")

    def test_nothing_in_it(self):
        self.damaged(self.path("empty", b""), "no map or unmap event in 0 lines")
        self.damaged(self.path("prose", b"just\nwords\n"), "no map or unmap event in 2 lines")

    def test_huge(self):
        sparse = self.path("sparse", b"")
        os.truncate(sparse, 10 << 30)
        self.damaged(sparse, r"sparse:1: line beyond 65536 bytes")
        with gzip.open(self.path("bomb.gz"), "wb", compresslevel=9) as f:
            for _ in range(64):
                f.write(bytes(1 << 20))
        self.damaged(self.path("bomb.gz"), r"bomb\.gz:1: line beyond 65536 bytes")


if __name__ == "__main__":
    main()
