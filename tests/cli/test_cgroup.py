"""In a control group with limits: a made-up one, mounted over the real in a namespace of our own."""
import json
import os
import shutil
import subprocess
import tempfile

from command import IOPT, Command, main
from result import CPUS, two_cpus


class Cgroup(Command):
    """A group that grants the time of `cpus` CPUs and `memory` bytes, as both versions say it."""

    def within(self, cpus, memory):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        quota = str(int(cpus * 100000))
        for name, text in (("cpu.max", f"{quota} 100000"), ("memory.max", str(memory)),
                           ("cpu/cpu.cfs_quota_us", quota), ("cpu/cpu.cfs_period_us", "100000"),
                           ("memory/memory.limit_in_bytes", str(memory))):
            path = os.path.join(kept.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as f:
                f.write(text + "\n")
        maps = [] if os.geteuid() == 0 else ["-r"]
        enter = ["unshare", "-m", *maps, "sh", "-c", 'mount --bind "$0" /sys/fs/cgroup && exec "$@"', kept.name]
        if not shutil.which("unshare") or subprocess.run([*enter, "true"], check=False, stderr=subprocess.DEVNULL,
                                                         stdin=subprocess.DEVNULL).returncode:
            self.skipTest("needs unshare and mount")
        return enter

    def iopt_in(self, enter, *args):
        return subprocess.run([*enter, IOPT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    @two_cpus
    def test_cpu_quota(self):
        enter = self.within(CPUS - 0.5, 1 << 40)
        few = int(CPUS - 0.5)
        done = self.iopt_in(enter, "run", "--dry-run", "--workload", "private")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"threads {few} on", done.stdout)
        self.assertNotIn(f"threads {CPUS} on", done.stdout)
        self.assertRegex(done.stdout, f"left out: more than {few} threads?: the control group grants {few}.5 CPUs")
        done = self.iopt_in(enter, "run", "--dry-run", "--workload", "private", "--threads", "all")
        self.assertIn(f"! {CPUS} threads, and the control group grants {few}.5 CPUs", done.stdout)
        done = self.iopt_in(enter, "run", "--quiet", "--duration", "0.1s", "--workload", "private", "--engines",
                            "lockless-2019")
        self.assertEqual(done.returncode, 0, done.stderr)
        first = done.stdout.partition("ruler:")[0]
        self.assertIn(f"quota {few}.5 CPUs", " ".join(first.split()))
        self.assertRegex(" ".join(done.stdout.split()), r"raise cpu\.max")
        done = self.iopt_in(enter, "doctor", "--probe", "0", "--format", "json")
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
        self.assertIn(f"grants {few}.5 CPUs", checks["cpu_quota"]["found"])

    def test_memory_limit(self):
        enter = self.within(CPUS, 8 << 20)
        for args in ((), ("--dry-run",)):
            done = self.iopt_in(enter, "run", "--workload", "private", "--duration", "0.1s", *args)
            self.assertEqual((done.returncode, done.stdout), (69, ""))
            self.assertRegex(done.stderr, r"^iopt run: this takes up to \d+.*M of memory, and the control group grants "
                                          r"8M \(memory\.max\): raise it")


if __name__ == "__main__":
    main()
