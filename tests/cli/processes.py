"""What a running iopt and its children are doing, from /proc."""
import array
import fcntl
import os
import termios
import time


def family(pid):
    """The process and its children."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                found += map(int, f.read().split())
        except OSError:
            continue  # a thread that has ended meanwhile
    return found


def stays(tasks):
    """Not the threads that compare the CPUs' clocks at the start: they are gone in no time."""
    time.sleep(0.1)
    return all(os.path.exists(f"/proc/{task}") for task in tasks)


def pinned(pid, threads):
    """Wait for the workers of a run, or of its child: threads beside the first, on a CPU each."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = []
        for process in family(pid):
            try:
                tasks = [int(t) for t in os.listdir(f"/proc/{process}/task") if int(t) != process]
                found += [t for t in tasks if len(os.sched_getaffinity(t)) == 1]
            except OSError:
                continue  # it has ended meanwhile
        if len(found) == threads and stays(found):
            return found
        time.sleep(0.01)
    raise AssertionError("no pinned workers")


def alive(group):
    """Processes of the group that still do something."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                state, _, pgrp = f.read().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it is gone
        if int(pgrp) == group and state not in "ZX":
            found.append(int(name))
    return found


def blocked(pipe):
    """Wait until the pipe, which nobody reads, is full: whoever writes to it sleeps."""
    end, held = time.monotonic() + 30, array.array("i", [0])
    while time.monotonic() < end and held[0] < 65536:
        time.sleep(0.05)
        fcntl.ioctl(pipe, termios.FIONREAD, held)
    assert held[0] >= 65536, "not enough is written"
    time.sleep(0.2)
