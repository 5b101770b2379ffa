"""machine.py - a throw-away machine of any NUMA shape: QEMU with software emulation (no KVM needed),
a kernel, and an initramfs of busybox, iopt and a script.

The script leaves files in the guest's /out; they come back as a gzipped tar through a serial port.
Placement is real in there and so are the kernel's answers; time is not.
"""
import io
import os
import platform
import re
import shutil
import stat
import subprocess
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build")
KERNEL = os.environ.get("IOPT_VM_KERNEL") or os.path.join(BUILD, "vm", "vmlinuz")
NEEDED = ("qemu-system-x86_64", "busybox", "cpio", "setpriv")
LIMIT_S = 1500  # generous: two cores may be shared by many
# hpet: a clock that needs no calibration, which a busy host spoils: then a guest's second may be a
# tenth of ours. The last four halve the boot of a guest with many CPUs.
COMMAND_LINE = ("console=ttyS0 loglevel=4 panic=-1 nokaslr mitigations=off clocksource=hpet "
                "random.trust_cpu=on audit=0 numa_balancing=disable "
                "lpj=4000000 cpu_init_udelay=0 cryptomgr.notests rcupdate.rcu_expedited=1")


def missing():
    """What keeps a guest from booting here, with the remedy; None: nothing."""
    if platform.machine() != "x86_64":
        return f"the guests are x86-64, this host is {platform.machine()}"
    for tool in NEEDED:
        if not shutil.which(tool):
            return f"no {tool} here; scripts/setup test installs it"
    if libraries(shutil.which("busybox")):
        return "this busybox is not static; scripts/setup test installs busybox-static"
    if not os.access(KERNEL, os.R_OK):
        return f"no kernel in {KERNEL}; tests/vm/kernel.sh fetches one, or set IOPT_VM_KERNEL"
    return None


def libraries(path):
    """Absolute paths of the shared libraries and the loader that a program needs."""
    done = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return re.findall(r"^[^/\n]*(/\S+) \(0x", done.stdout, re.M)


class Node:
    def __init__(self, cpus, mib):
        self.cpus, self.mib = cpus, mib


def ring(nodes):
    """Distances of nodes in a circle: 10 and 10 more a hop."""
    n = len(nodes)
    return [[10 + 10 * min((i - j) % n, (j - i) % n) for j in range(n)] for i in range(n)]


def shape_arguments(nodes, distances, threads_per_core):
    """-smp, -m, -numa …: CPUs are numbered node by node, a node with CPUs is a socket."""
    arguments, cpus = [], 0
    for i, node in enumerate(nodes):
        text = f"node,nodeid={i}"
        if node.cpus:
            text += f",cpus={cpus}-{cpus + node.cpus - 1}"
            cpus += node.cpus
        if node.mib:
            arguments += ["-object", f"memory-backend-ram,id=m{i},size={node.mib}M"]
            text += f",memdev=m{i}"
        arguments += ["-numa", text]
    for i, row in enumerate(distances):
        for j, distance in enumerate(row):
            arguments += ["-numa", f"dist,src={i},dst={j},val={distance}"]
    cores = max(node.cpus for node in nodes) // threads_per_core
    smp = f"{cpus},sockets={cpus // cores // threads_per_core},cores={cores},threads={threads_per_core}"
    return arguments + ["-smp", smp, "-m", f"{sum(node.mib for node in nodes)}M"]


class Image:
    """The files of a guest, packed as its initramfs."""
    def __init__(self, root):
        shutil.rmtree(root, ignore_errors=True)
        self.root = root
        for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "dev", "proc", "sys", "tmp", "test"):
            os.makedirs(os.path.join(root, folder))
        for name in ("bin", "sbin", "lib", "lib64"):
            os.symlink("usr/" + name, os.path.join(root, name))

    def add(self, source, target):
        path = os.path.join(self.root, target.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def add_program(self, source):
        """Into /bin, with its libraries where it looks for them."""
        self.add(source, "/bin/" + os.path.basename(source))
        for library in libraries(source):
            self.add(library, library)

    def add_busybox(self):
        self.add_program(shutil.which("busybox"))
        for applet in subprocess.run(["busybox", "--list"], capture_output=True, text=True,
                                     check=True).stdout.split():
            path = os.path.join(self.root, "bin", applet)
            if not os.path.lexists(path):
                os.symlink("busybox", path)

    def pack(self, target):
        names = [os.path.relpath(os.path.join(folder, name), self.root)
                 for folder, folders, files in os.walk(self.root) for name in folders + files]
        with open(target, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=self.root, stdout=out, check=True,
                           input="\n".join(sorted(names)).encode())


def boot(folder, programs, script, nodes, distances, threads_per_core=1, parallel=False):
    """Run guest/`script` on such a machine; returns the files it left in /out, by name, as text.

    parallel: CPUs that really run at once, so that threads race. Otherwise QEMU runs them in turn,
    which costs less where they wait for each other and the host has few.
    `folder` keeps initramfs, console and results for whoever wants to look afterwards.
    """
    os.makedirs(folder, exist_ok=True)
    image = Image(os.path.join(folder, "root"))
    image.add_busybox()
    for program in programs:
        image.add_program(program)
    image.add(os.path.join(HERE, "guest", "init"), "/init")
    image.add(os.path.join(HERE, "guest", "lib.sh"), "/test/lib.sh")
    image.add(os.path.join(HERE, "guest", script), "/test/script")
    image.pack(os.path.join(folder, "initramfs"))
    run_qemu(folder, ["-accel", f"tcg,thread={'multi' if parallel else 'single'}",
                      *shape_arguments(nodes, distances, threads_per_core)])
    return received(folder)


def run_qemu(folder, arguments):
    def path(name):
        return os.path.join(folder, name)
    for name in ("console", "results.tgz"):
        open(path(name), "wb").close()
    # the guest dies with us, whatever becomes of us
    command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "q35",
               # Intel, because an AMD of that family has no hyperthreads
               "-cpu", "qemu64,vendor=GenuineIntel,+ssse3,+sse4.1,+sse4.2,+popcnt,+pdpe1gb",
               *arguments, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
               "-kernel", KERNEL, "-initrd", path("initramfs"), "-append", COMMAND_LINE,
               "-serial", "file:" + path("console"), "-serial", "file:" + path("results.tgz")]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the guest did not end in {LIMIT_S} s\n{console(folder)}") from None
    if done.returncode:
        raise RuntimeError(f"qemu: {done.returncode}: {done.stderr}\n{console(folder)}")


def console(folder):
    with open(os.path.join(folder, "console"), errors="replace") as f:
        return "its console ended with:\n" + "".join(f.readlines()[-30:])


def received(folder):
    files = {}
    try:
        with open(os.path.join(folder, "results.tgz"), "rb") as f:
            with tarfile.open(fileobj=io.BytesIO(f.read()), mode="r:gz") as tar:
                for member in filter(tarfile.TarInfo.isfile, tar.getmembers()):
                    files[os.path.basename(member.name)] = tar.extractfile(member).read().decode()
    except (tarfile.TarError, EOFError, OSError) as e:
        raise RuntimeError(f"the guest sent no results: {e}\n{console(folder)}") from None
    if files.get("status") != "0\n":
        raise RuntimeError(f"the guest's script ended with {files.get('status')}\n{console(folder)}")
    return files
