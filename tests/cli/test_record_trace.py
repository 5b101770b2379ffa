"""scripts/record-trace: what it asks of the machine, what it runs, and that iopt reads what it writes.

The machine is made up: a folder for tracefs, and recorders that write down how they were called.
"""
import gzip
import json
import os
import shutil
import stat
import subprocess
import tempfile

from command import ROOT, Command, main

SCRIPT = os.path.join(ROOT, "scripts", "record-trace")
TOOLS = "bash cat date dirname grep gzip hostname mktemp mv rm sleep true false zcat".split()
FTRACE = """cpus=2
CPU:1 [7 EVENTS DROPPED]
      fio-7     [001] d..1.   100.000001000: map:    IOMMU: iova=0x1000 - 0x3000 paddr=0x2000 size=8192
      fio-7     [000] d.h1.   100.000002000: unmap:  IOMMU: iova=0x1000 - 0x3000 size=8192 unmapped_size=8192
"""
PERF = """fio     7 [001]   100.000001000: iommu:map: IOMMU: iova=0x1000 - 0x3000 paddr=0x2000 size=8192
fio     7 [000]   100.000002000: iommu:unmap: IOMMU: iova=0x1000 - 0x3000 size=8192 unmapped_size=8192
"""
RECORDER = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
case $1 in
record)
	while [[ $1 != -o ]]; do shift; done
	data=$2
	shift 2
	[[ $1 != -- ]] || shift
	"$@"
	code=$?
	cp "$TEXT" "$data"
	exit $code ;;
*) cat "${!#}" ;;
esac
"""


class RecordTrace(Command):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        os.makedirs(os.path.join(self.dir, "bin"))
        for tool in TOOLS + ["basename", "cp"]:
            os.symlink(shutil.which(tool), os.path.join(self.dir, "bin", tool))
        for event in ("map", "unmap"):
            self.event(event)
        os.makedirs(os.path.join(self.dir, "groups", "0"))
        self.write("groups/0/type", "DMA-FQ\n")
        self.out = os.path.join(self.dir, "my.trace.gz")

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def event(self, name):
        folder = os.path.join(self.dir, "tracing", "events", "iommu", name)
        os.makedirs(folder)
        for file in ("enable", "format"):
            self.write(os.path.join(folder, file), "0\n")

    def recorder(self, name, text):
        path = self.write(os.path.join("bin", name), RECORDER)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        self.text = self.write("text", text)

    def record(self, *args, code=0, says=""):
        env = {"PATH": os.path.join(self.dir, "bin"), "IOPT_TRACEFS": os.path.join(self.dir, "tracing"),
               "IOPT_IOMMU_GROUPS": os.path.join(self.dir, "groups"), "TMPDIR": self.dir,
               "CALLS": os.path.join(self.dir, "calls"), "TEXT": getattr(self, "text", "")}
        done = subprocess.run([SCRIPT, *args], env=env, cwd=self.dir, text=True, timeout=30, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stdout + done.stderr)
        left = [f for f in os.listdir(self.dir) if f.startswith("record-trace.")]
        self.assertEqual(left, [])
        return done

    def calls(self):
        with open(os.path.join(self.dir, "calls"), encoding="utf-8") as f:
            return f.read()

    def read_back(self):
        doc = json.loads(self.fine("trace", self.out, "--format", "json"))
        self.assertEqual((doc["maps"], doc["unmaps"], doc["cpus"]), (1, 1, 2))
        return doc

    def test_help(self):
        self.assertIn("usage: scripts/record-trace", self.record("--help").stdout)
        self.record("-h", says="-s SECONDS")

    def test_trace_cmd(self):
        self.recorder("perf", PERF)
        self.recorder("trace-cmd", FTRACE)
        done = self.record("-s", "0.01", "-o", self.out, says="2 events")
        self.assertIn("the recorder lost some", done.stderr)
        self.assertIn("try -b 65536", done.stderr)
        self.assertRegex(self.calls(), r"trace-cmd record -C mono -b 16384 -e iommu:map -e iommu:unmap -o \S+ "
                                       r"sleep 0.01\ntrace-cmd report -t -i \S+\n$")
        doc = self.read_back()
        self.assertEqual((doc["atomic_unmaps"], doc["lost_events"]), (1, 7))

    def test_perf(self):
        """The second choice, or asked for; the command is the user's."""
        self.recorder("perf", PERF)
        self.record("-o", self.out, "--", "true", "an argument", says="2 events")
        self.assertRegex(self.calls(), r"perf record -q -a -m 16384K -e iommu:map,iommu:unmap -o \S+ -- true an "
                                       r"argument\nperf script --ns --show-lost-events -i \S+\n$")
        self.assertIsNone(self.read_back()["atomic_unmaps"])
        with gzip.open(self.out, "rt") as f:
            self.assertEqual(f.read(), PERF)

    def test_a_command_that_fails(self):
        self.recorder("trace-cmd", FTRACE)
        self.record("-o", self.out, "false", says="the command ended with exit 1")
        self.read_back()

    def test_what_is_there_stays(self):
        self.recorder("trace-cmd", FTRACE)
        self.write("my.trace.gz", "mine")
        self.record("-s", "0.01", "-o", self.out, code=73, says="-f replaces it")
        with open(self.out, encoding="utf-8") as f:
            self.assertEqual(f.read(), "mine")
        self.record("-f", "-s", "0.01", "-o", self.out)
        self.read_back()
        self.record("-s", "1", "-o", "/no/such/folder/x.gz", code=73, says="its folder is not there")

    def test_dry_run(self):
        self.recorder("trace-cmd", FTRACE)
        self.record("-n", "-o", self.out, says="with trace-cmd while 'sleep 10' runs")
        self.assertFalse(os.path.exists(self.out))

    def test_what_is_missing(self):
        self.record("-n", code=69, says="neither trace-cmd nor perf here: install the package of trace-cmd")
        self.recorder("apt-get", "")
        self.record("-n", code=69, says="apt-get install trace-cmd")
        self.record("-n", "-t", "perf", code=69, says="no perf here: apt-get install linux-perf")
        self.recorder("perf", PERF)
        self.record("-n", "-t", "trace-cmd", code=69, says="no trace-cmd here")
        os.remove(os.path.join(self.dir, "tracing/events/iommu/unmap/enable"))
        self.record("-n", code=69, says="no event iommu:unmap")
        shutil.rmtree(os.path.join(self.dir, "tracing/events/iommu"))
        self.record("-n", code=69, says="CONFIG_IOMMU_API")
        shutil.rmtree(os.path.join(self.dir, "tracing"))
        self.assertIn("trac", self.record("-n", code=69).stderr)

    def test_no_iommu_at_work(self):
        self.recorder("trace-cmd", "cpus=2\n")
        self.write("groups/0/type", "identity\n")
        self.record("-n", says="every device is in passthrough")
        shutil.rmtree(os.path.join(self.dir, "groups", "0"))
        self.record("-n", says="no device is behind an IOMMU")
        self.record("-s", "0.01", "-o", self.out, code=65, says="no map and no unmap")
        self.assertFalse(os.path.exists(self.out))

    def test_refuses(self):
        self.recorder("trace-cmd", FTRACE)
        for args, says in ((("-s", "soon"), "-s soon: not a number of seconds"), (("-s", "0"), "-s 0"),
                           (("-b", "0"), "-b 0"), (("-t", "bpf"), "must be trace-cmd or perf"),
                           (("-x",), "-x: no such option"), (("-s",), "-s: needs a value")):
            self.record(*args, code=64, says=says)


if __name__ == "__main__":
    main()
