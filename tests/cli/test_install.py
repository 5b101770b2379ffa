"""What is installed runs from where it lies; the Debian package; the tarball of the sources."""
import glob
import gzip
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from command import IOPT, ROOT, Command, main

BUILD = os.path.dirname(IOPT)
IN_GIT = os.path.exists(os.path.join(ROOT, ".git")) and shutil.which("git")


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"needs {' '.join(missing)}")


@needs("cmake")
class Install(Command):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.dir = kept.name

    def tool(self, *command, **more):
        """Its output; fails the test unless it exits 0."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=100, **more)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}")
        return done.stdout

    def test_installed_program(self):
        self.tool("cmake", "--install", BUILD, "--prefix", "/usr", env=dict(os.environ, DESTDIR=self.dir))
        usr = os.path.join(self.dir, "usr")
        iopt = os.path.join(usr, "bin", "iopt")
        self.assertEqual(self.tool(iopt, "version"), self.fine("version"))
        traces = os.path.join(usr, "share", "iopt", "traces")
        shutil.copy(os.path.join(traces, "nvme-amd-lazy.trace.gz"), os.path.join(traces, "mine.trace.gz"))
        self.assertIn("trace mine: ", self.tool(iopt, "trace", "mine"))  # those beside it, not the sources'
        out = os.path.join(self.dir, "out")
        self.tool(iopt, "run", "--quiet", "--threads", "1", "--duration", "0.1s", "--slice", "1ms", "--warmup", "100us", "--workload",
                  "private", "--engines", "lockless-2019,mutex-2019", "--out", out)
        self.tool(iopt, "report", out)
        self.assertTrue(os.path.getsize(os.path.join(out, "report.html")))
        plot = os.path.join(usr, "bin", "iopt-plot")
        said = subprocess.run([plot, out, "--figures", "waste"], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((said.returncode, said.stderr),  # it found its modules, and read
                         (65, f"iopt-plot: {out}: no figure waste: no case lost pages, nor could have\n"))
        for path in ("man/man1/iopt.1.gz", "man/man1/iopt-plot.1.gz", "bash-completion/completions/iopt",
                     "fish/vendor_completions.d/iopt.fish", "zsh/site-functions/_iopt", "doc/iopt/LICENSE",
                     "doc/iopt/docs/README.md", "doc/iopt/docs/output.md", "doc/iopt/examples/default.ini"):
            self.assertTrue(os.path.getsize(os.path.join(usr, "share", path)), path)
        self.assertEqual(glob.glob(os.path.join(usr, "share", "doc", "iopt", "*ebian*")), [])

        self.links_hold(os.path.join(usr, "share", "doc", "iopt"))

    def links_hold(self, folder):
        """Those between installed pages lead to what is installed."""
        pages = glob.glob(os.path.join(folder, "**", "*.md"), recursive=True)
        self.assertGreater(len(pages), 15)
        seen = 0
        for page in pages:
            with open(page, encoding="utf-8") as f:
                text = re.sub(r"(?s)```.*?```", "", f.read())
            for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
                seen += 1
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(page), target)), f"{page}: {target}")
        self.assertGreater(seen, 50)

    def test_manual_of_plot(self):
        with open(os.path.join(ROOT, "packaging", "iopt-plot.1"), encoding="utf-8") as f:
            page = f.read().replace("\\-", "-")
        help_page = self.tool(os.path.join(ROOT, "scripts", "plot"), "--help")
        options = set(re.findall(r"--[a-z]+", help_page.partition("options:")[2]))
        self.assertGreater(len(options), 5)
        self.assertEqual(options, set(re.findall(r"--[a-z]+", page)) - {"--rate"})
        if shutil.which("man"):
            warned = self.tool("man", "--warnings", "-Tutf8", "-l", os.path.join(ROOT, "packaging", "iopt-plot.1"),
                               env=dict(os.environ, MANPAGER="cat", MANROFFSEQ="", LC_ALL="C.UTF-8"))
            self.assertNotIn("warning", warned)

    @needs("cpack", "dpkg-deb", "dpkg-shlibdeps", "lintian", "gzip")
    def test_debian_package(self):
        self.tool("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", self.dir)
        package, = glob.glob(os.path.join(self.dir, "iopt_*.deb"))
        field = {name: self.tool("dpkg-deb", "-f", package, name).strip()
                 for name in ("Package", "Version", "Section", "Depends", "Installed-Size")}
        version = re.match(r"iopt (\S+)", self.fine("version")).group(1)
        self.assertEqual((field["Package"], field["Version"], field["Section"]), ("iopt", version + "-1", "utils"))
        for library in ("libc6", "libhwloc", "libjansson", "libjemalloc", "libnuma", "libinih", "zlib1g", "python3"):
            self.assertIn(library, field["Depends"])
        root = os.path.join(self.dir, "root")
        self.tool("dpkg-deb", "-x", package, root)
        iopt = os.path.join(root, "usr", "bin", "iopt")
        self.assertEqual(self.tool(iopt, "version"), self.fine("version"))
        self.assertNotRegex(self.tool("readelf", "-SW", iopt), r"\.debug_info|\.symtab")
        self.assertTrue(os.path.exists(os.path.join(root, "usr/share/zsh/vendor-completions/_iopt")))
        self.links_hold(os.path.join(root, "usr", "share", "doc", "iopt"))
        maintainer = self.tool("dpkg-deb", "-f", package, "Maintainer").strip()
        with gzip.open(os.path.join(root, "usr/share/doc/iopt/changelog.Debian.gz"), "rt", encoding="utf-8") as f:
            self.assertIn(f" -- {maintainer}  ", f.read())
        with open(os.path.join(root, "usr/share/doc/iopt/copyright"), encoding="utf-8") as f:
            self.assertRegex(f.read(), r"(?s)Files: \*.*Files: chart\.js")
        said = self.tool("lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on", "none", package)
        self.assertEqual(re.findall(r"^[EW]: .*", said, re.M), [], said)

    @unittest.skipUnless(IN_GIT, "needs a git checkout")
    def test_tarball(self):
        """Configured where there is no repository it knows its commit. Building it is what all other tests do."""
        head = self.tool("git", "-C", ROOT, "rev-parse", "HEAD").strip()
        archive = os.path.join(self.dir, "iopt.tar")
        self.tool("git", "-C", ROOT, "archive", "--prefix=iopt-0/", "-o", archive, head)
        self.tool("tar", "-xf", archive, "-C", self.dir)
        source, build = os.path.join(self.dir, "iopt-0"), os.path.join(self.dir, "build")
        self.assertEqual(os.path.exists(os.path.join(source, "build")), False)
        with open(os.path.join(source, ".git-commit"), encoding="utf-8") as f:
            commit = f.read().strip()
        self.assertTrue(len(commit) >= 7 and head.startswith(commit), commit)
        # inside of another repository
        self.tool("git", "init", "-q", self.dir)
        self.tool("cmake", "-G", "Ninja", "-S", source, "-B", build, "-DBUILD_TESTING=OFF")
        with open(os.path.join(build, "build.ninja"), encoding="utf-8") as f:
            self.assertIn(f'IOPT_COMMIT=\\"{commit}\\"', f.read())


if __name__ == "__main__":
    main()
