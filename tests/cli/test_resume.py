"""--resume: what an interrupted or killed sweep had finished is kept, the rest is measured."""
import os
import signal
import subprocess
import time

from command import IOPT, main
from result import Results

# five groups
SWEEP = ("run", "--engines", "lockless-2019,mutex-2019", "--workload", "private",
         "--threads", "1", "--page-size", "4K,8K,16K,32K,64K", "--duration", "150ms",
         "--quiet")


class Resume(Results):
    def stopped(self, number, *more, cases):
        """The directory of a sweep that was stopped when some, but not all, groups were done."""
        out = self.directory()
        with subprocess.Popen([IOPT, *SWEEP, *more, "--out", out], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            path = os.path.join(out, "checkpoint")
            limit = time.monotonic() + 60
            while time.monotonic() < limit and child.poll() is None:
                if os.path.exists(path) and os.path.getsize(path) > cases * 60000:
                    break
                time.sleep(0.01)
            child.send_signal(number)
            child.wait(30)
        self.assertTrue(os.path.exists(path), os.listdir(out))
        return out

    def resumed(self, out, *more):
        before = self.read(out) if os.path.exists(os.path.join(out, "result.json")) else None
        stdout = self.fine("run", "--resume", out, "--quiet", *more)
        doc = self.read(out)
        self.assertIs(doc["complete"], True)
        self.assertEqual(len([c for c in doc["cases"] if c["engine"] == "amdv1/mutex-2019"]), 5)
        self.assertFalse(os.path.exists(os.path.join(out, "checkpoint")))
        for case in doc["cases"]:
            if case["body"] != "ruler":
                self.assertIs(case["verified"], True, case["case_id"])
            pages = case["pages"]
            self.assertEqual(pages["allocated"], pages["freed"] + pages["reachable"] +
                             pages["spare"] + pages["retired"] + pages["lost"], case["case_id"])
        return stdout, before, doc

    def test_interrupted(self):
        out = self.stopped(signal.SIGINT, cases=2)
        stdout, before, doc = self.resumed(out)
        done = doc["audit"]["resumed_groups"]
        self.assertIn(f"{done} of 5 groups were measured before an interruption", stdout)
        self.assertTrue(0 < done < 5, done)
        # the finished groups' slices are the very ones
        old = {c["case_id"]: c["slices"] for c in before["cases"]}
        new = {c["case_id"]: c["slices"] for c in doc["cases"]}
        same = [i for i in old if old[i] == new[i]]
        groups = {c["group"] for c in doc["cases"] if c["case_id"] in same}
        self.assertEqual(len(groups), done)

    def test_killed_in_processes(self):
        out = self.stopped(signal.SIGKILL, "--processes", "2", cases=6)
        self.assertFalse(os.path.exists(os.path.join(out, "result.json")))
        with open(os.path.join(out, "checkpoint"), "ab") as f:
            f.write(b"half a record")
        _, _, doc = self.resumed(out)
        self.assertGreater(doc["audit"]["resumed_groups"], 0)
        for case in doc["cases"]:
            self.assertEqual({s["process"] for s in case["slices"]}, {0, 1}, case["case_id"])
            seen = [(s["process"], s["round"], s["half"]) for s in case["slices"]]
            self.assertEqual(len(seen), len(set(seen)), case["case_id"])  # nothing twice

    def test_spoilt(self):
        """A record whose bytes have changed is measured again, and so is what follows it."""
        out = self.stopped(signal.SIGINT, cases=2)
        path = os.path.join(out, "checkpoint")
        with open(path, "r+b") as f:
            f.seek(30000)
            f.write(b"spoilt")
        _, _, doc = self.resumed(out)
        self.assertEqual(doc["audit"]["resumed_groups"], 0)

    def test_refused(self):
        out = self.stopped(signal.SIGINT, cases=1)
        self.refused(64, r"--threads: what is resumed is what .*/job\.ini says; leave it out",
                     "run", "--resume", out, "--threads", "2")
        self.refused(64, r"leave one out", "run", "x.ini", "--resume", out)
        job = os.path.join(out, "job.ini")
        with open(job, encoding="utf-8") as f:
            text = f.read()
        with open(job, "w", encoding="utf-8") as f:
            f.write(text.replace("seed = 1", "seed = 2"))
        self.refused(65, r"checkpoint: of another build, machine or set of CPUs", "run", "--resume", out)
        with open(job, "w", encoding="utf-8") as f:
            f.write(text)
        self.resumed(out)
        self.refused(65, r"nothing was interrupted there", "run", "--resume", out)
        self.refused(65, r"cannot read the job file", "run", "--resume", self.directory())


if __name__ == "__main__":
    main()
