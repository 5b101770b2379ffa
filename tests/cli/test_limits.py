"""What the system refuses while a run is under way: room for files, memory policies, a pinned CPU."""
import ctypes
import os
import platform
import resource
import shutil
import subprocess
import struct
import unittest

from command import IOPT, main
from processes import pinned
from result import Results, two_cpus

QUICK = ("--engines", "lockless,mutex", "--workload", "private", "--threads", "1", "--duration",
         "0.2s")
LONG = (*QUICK[:-1], "0.6s")
sanitized = bool(os.environ.get("IOPT_SANITIZE"))


class Room(Results):
    """Checked before the run, and gone when the files are to be written."""

    def started(self, *args):
        child = subprocess.Popen([IOPT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        return child

    def test_file_size(self):
        """A limit set meanwhile: an earlier result stays, and nothing half done beside it."""
        out = self.directory()
        before, _ = self.measured(*QUICK, out=out)
        child = self.started("run", *LONG, "--out", out)
        pinned(child.pid, 1)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        stdout, stderr = child.communicate(timeout=20)
        self.assertEqual(child.returncode, 74, stderr)
        self.assertRegex(stderr, rf"^iopt run: --out: writing {out}/result\.json failed: "
                                 r"File too large\n$")
        self.assertIn("AUDIT", stdout)
        self.assertEqual(self.read(out), before)

    def test_file_size_at_first(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        self.refused(73, r"^iopt run: --out: no room for a result in \S+: File too large",
                     "run", *LONG, "--out", self.directory(), preexec_fn=limit)

    def test_disk_fills(self):
        """In a mount namespace of its own. What --resume needs is kept."""
        out = self.directory()
        os.mkdir(out)
        script = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"'
        enter = ["unshare", "-m", "sh", "-c", script, out]
        if not shutil.which("unshare") or subprocess.run([*enter, "true"], check=False,
                                                         capture_output=True).returncode:
            self.skipTest("nothing may be mounted here")
        script = ('"$@" & child=$!; sleep 1; cat /dev/zero >"$0/ballast" 2>/dev/null; wait $child; '
                  'code=$?; ls -A "$0" >&2; exit $code')
        done = subprocess.run([*enter, "sh", "-c", script, out, IOPT, "run", *LONG, "--out", out],
                              timeout=30, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertRegex(done.stderr, rf"^iopt run: --out: writing {out}/\S+ failed: No space left on "
                                      r"device\nballast\ncheckpoint\njob.ini\n$")
        self.assertIn("AUDIT", done.stdout)


CALLS = {"x86_64": (0xc000003e, {"mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239,
                                 "move_pages": 279}),
         "aarch64": (0xc00000b7, {"mbind": 235, "get_mempolicy": 236, "set_mempolicy": 237,
                                  "move_pages": 239})}
LIBC = ctypes.CDLL(None, use_errno=True)


def refuse(*names):
    """For preexec_fn: from here on these calls fail with EPERM, as in a container (seccomp(2))."""
    numbers = [CALLS[platform.machine()][1][name] for name in names]
    code = [(0x20, 0, 0, 0)]                                          # load the call's number
    for i, number in enumerate(numbers):
        code.append((0x15, len(numbers) - i, 0, number))              # equal: to the last line
    code += [(0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x00050000 | 1)]  # allow; EPERM
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))

    class Prog(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    filled = Prog(len(code), ctypes.addressof(program))

    def install(_keep=program):
        if LIBC.prctl(38, 1, 0, 0, 0) or LIBC.prctl(22, 2, ctypes.byref(filled)):
            raise OSError(ctypes.get_errno(), "seccomp")
    return install


def may_filter():
    if platform.machine() not in CALLS or sanitized:
        return False
    try:
        return not subprocess.run(["true"], preexec_fn=refuse("move_pages"), check=False).returncode
    except subprocess.SubprocessError:
        return False


@unittest.skipUnless(may_filter(), "no seccomp filters here, or a build that binds no memory")
class Policies(Results):
    def workers(self, doc):
        return [w for case in doc["cases"] for w in case["workers"] if case["body"] != "ruler"]

    def test_mbind(self):
        doc, _ = self.measured(*QUICK, "--mem", "local,interleave", preexec_fn=refuse("mbind"))
        self.assertEqual(len([w for w in doc["warnings"] if "mbind is refused here" in w]), 1)
        self.refused(69, r"^iopt run: --mem bind:0: mbind is refused here \(Operation not permitted\); "
                         r"try --mem local", "run", *QUICK, "--mem", "bind:0",
                     preexec_fn=refuse("mbind"))
        self.refused(69, r"^iopt run: --mem device:0: mbind is refused", "run", *QUICK, "--mem",
                     "device:0", preexec_fn=refuse("mbind"))

    def test_move_pages(self):
        doc, done = self.measured(*QUICK, preexec_fn=refuse("move_pages"))
        self.assertIsNone(doc["audit"]["on_asked_node"])
        for case in doc["cases"]:
            self.assertIsNone(case["pages"]["by_node"])
        for worker in self.workers(doc):
            self.assertEqual(sum(worker["table_pages_by_node"]), 0)
        self.assertIn("where table pages are is unknown", done.stdout)

    def test_all(self):
        """As a container of Docker's: no policy may be set or asked for."""
        doc, _ = self.measured(*QUICK, preexec_fn=refuse("mbind", "set_mempolicy", "get_mempolicy",
                                                         "move_pages"))
        self.assertTrue(doc["cases"])

    def test_not_refused(self):
        doc, _ = self.measured(*QUICK)
        self.assertFalse([w for w in doc["warnings"] if "mbind" in w])
        for worker in self.workers(doc):
            self.assertEqual(worker["memory_node"], worker["node"])


class Pinned(Results):
    def disturbed(self, *args, to=None):
        """A run of two workers, one of which is given other CPUs while it measures."""
        out = self.directory()
        with subprocess.Popen([IOPT, "run", "--engines", "lockless,mutex", "--workload", "private",
                               "--threads", "2", "--duration", "0.8s", "--quiet", "--out", out,
                               *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
            os.sched_setaffinity(min(pinned(child.pid, 2)), to or os.sched_getaffinity(0))
            stdout, stderr = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 14, stderr)
        self.assertEqual(stderr, "iopt run: not to be trusted: a worker did not stay pinned to its "
                                 "CPU\n")
        self.assertIn("! a worker did not stay pinned to its CPU: do not trust this run", stdout)
        return self.read(out)

    def told(self, doc):
        self.assertIs(doc["audit"]["lost_pinning"], True)
        self.assertLess(doc["audit"]["cpus_as_asked"], doc["audit"]["cpus"])
        self.assertTrue(any(w["unpinned"] for case in doc["cases"] for w in case["workers"]))
        self.assertTrue([w for w in doc["warnings"] if "did not stay pinned to CPU" in w])

    @two_cpus
    def test_more_cpus(self):
        """Wherever it runs then: free to move is enough."""
        self.told(self.disturbed())

    @two_cpus
    def test_another_cpu(self):
        self.told(self.disturbed(to={max(os.sched_getaffinity(0))}, *("--place", "compact")))

    @two_cpus
    def test_in_a_child(self):
        self.told(self.disturbed("--processes", "2"))

    def test_undisturbed(self):
        doc, _ = self.measured(*QUICK)
        self.assertIs(doc["audit"]["lost_pinning"], False)
        for case in doc["cases"]:
            self.assertFalse([w for w in case["workers"] if w["unpinned"] or w["moved"]])


class Shared(Results):
    """More threads than CPUs."""

    def test_refused_and_allowed(self):
        cpu = min(os.sched_getaffinity(0))
        args = ("--place", f"cpus:{cpu}", "--engines", "lockless,mutex", "--workload", "private",
                "--threads", "3", "--duration", "0.3s")
        self.refused(69, rf"^iopt run: --threads 3: cpus:{cpu} names only 1 CPU; --oversubscribe "
                         r"lets threads share them", "run", *args)
        doc, _ = self.measured(*args, "--oversubscribe")
        self.assertEqual({case["oversubscribed"] for case in doc["cases"]}, {True})
        self.assertTrue([w for w in doc["warnings"] if "oversubscribed: 3 threads share" in w])
        for case in doc["cases"]:
            self.assertEqual([w["cpu"] for w in case["workers"]], [cpu] * 3)
            self.assertIn("/t3+shared/", case["case_id"])
        with open(os.path.join(self.last, "job.ini"), encoding="utf-8") as f:
            self.assertIn("oversubscribe = yes", f.read())

    def test_permission_is_not_sharing(self):
        doc, _ = self.measured(*QUICK, "--oversubscribe", "--smt", "off")
        self.assertEqual({case["oversubscribed"] for case in doc["cases"]}, {False})
        self.assertEqual({case["smt"] for case in doc["cases"]}, {"off"})
        self.assertIn("+smt-off/", doc["cases"][0]["case_id"])

    def directory(self):
        self.last = super().directory()
        return self.last

    def test_remote(self):
        nodes = [n for n in os.listdir("/sys/devices/system/node") if n[4:].isdigit()] \
            if os.path.isdir("/sys/devices/system/node") else ["node0"]
        if len(nodes) > 1:
            self.skipTest("a machine that may have a remote node")
        for more in ((), ("--dry-run",)):
            self.refused(69, r"^iopt run: --mem remote: only node 0 has memory here, and none is "
                             r"remote from it", "run", *QUICK, "--mem", "remote", *more)


if __name__ == "__main__":
    main()
