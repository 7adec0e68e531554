"""outputs.py: files appear complete or not at all."""

import os
import resource
import signal
import stat
import subprocess
import time
import unittest

import support
from support import Case, npy, read_npy


class Outputs(Case):
    def setUp(self):
        super().setUp()
        self.save("z.npy", [1.0, 2.0, 3.0])
        self.words = ("score", "gaussian", "--loc", "z.npy", "--target", 0)

    def test_replaces_a_file(self):
        self.save_bytes("o.npy", b"old")
        self.good(*self.words, "--out", "o.npy")
        self.assertEqual(self.load("o.npy")[1], (3,))
        self.assertEqual(self.files(), ["o.npy", "z.npy"])

    def test_replaces_its_own_input(self):
        self.good(*self.words, "--mode", "z.npy")
        self.assertEqual(self.load("z.npy")[2], [1, 2, 3])

    def test_permissions_follow_the_umask(self):
        for mask in (0o022, 0o077, 0o002):
            self.good(*self.words, "--out", "o.npy", preexec_fn=lambda: os.umask(mask))
            mode = stat.S_IMODE(os.stat(self.path("o.npy")).st_mode)
            self.assertEqual(mode, 0o666 & ~mask)

    def test_symbolic_link_stays(self):
        self.save_bytes("real.npy", b"old")
        os.symlink("real.npy", self.path("link.npy"))
        self.good(*self.words, "--out", "link.npy")
        self.assertTrue(os.path.islink(self.path("link.npy")))
        self.assertEqual(self.load("real.npy")[1], (3,))

    def test_error_leaves_everything_as_it_was(self):
        self.save_bytes("o.npy", b"old")
        self.save("y.npy", [0, 9], "<i8")
        self.save("x.npy", [0.0] * 6, shape=(2, 3))
        self.refuse(65, "score", "categorical", "--logits", "x.npy", "--target", "y.npy", "--out",
                    "o.npy", "--mode", "m.npy", "--grad", "g", say="row 1")
        self.assertEqual(self.files(), ["o.npy", "x.npy", "y.npy", "z.npy"])
        with open(self.path("o.npy"), "rb") as file:
            self.assertEqual(file.read(), b"old")

    def test_error_keeps_an_old_directory(self):
        os.mkdir(self.path("g"))
        self.save("s.npy", [1, -1, 1])
        self.refuse(65, *self.words, "--scale", "s.npy", "--check", "--grad", "g", say="domain")
        self.assertEqual(self.files("g"), [])

    def test_one_bad_output_spoils_all(self):
        for bad in ("--mode", "--grad"):
            self.refuse(74, *self.words, "--out", "o.npy", bad, "no/such/place",
                        say="no/such/place")
            self.assertEqual(self.files(), ["z.npy"])

    def test_places_that_cannot_be_written(self):
        self.refuse(74, *self.words, "--out", "no/such/o.npy", say="no/such/o.npy")
        self.refuse(74, *self.words, "--out", "z.npy/o.npy", say="z.npy/o.npy")
        self.refuse(74, *self.words, "--grad", "z.npy", say="z.npy")
        os.mkdir(self.path("d"))
        self.refuse(74, *self.words, "--out", "d", say="directory")
        self.refuse(74, *self.words, "--out", "/proc/nll.npy", say="/proc/nll.npy")
        self.assertEqual(self.files(), ["d", "z.npy"])

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_read_only_directory(self):
        os.mkdir(self.path("d"))
        os.chmod(self.path("d"), 0o555)
        self.refuse(74, *self.words, "--out", "d/o.npy", say="d/o.npy")

    def test_full_device(self):
        self.refuse(74, *self.words, "--out", "/dev/full", say="/dev/full")

    def test_file_size_limit(self):
        """As on a full disk: an error, no signal, nothing left."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        self.refuse(74, *self.words, "--out", "o.npy", say="o.npy", preexec_fn=limit)
        self.assertEqual(self.files(), ["z.npy"])

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([support.NLL, *map(str, self.words)], cwd=self.dir, stdout=full,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 74)
        self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_closed_standard_output(self):
        """The summary must not end up in the file that got descriptor 1."""
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", support.NLL,
                               *map(str, self.words), "--mode", "o.npy"],
                              cwd=self.dir, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 74)
        self.assertEqual(self.load("o.npy")[2], [1, 2, 3])

    def test_null_device_stays_a_device(self):
        self.good(*self.words, "--out", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_standard_output(self):
        """The array is written straight; the summary goes out of its way."""
        for name in ("/dev/stdout", "-", "/dev/fd/1"):
            done = self.good(*self.words, "--mode", name)
            self.assertEqual(read_npy(done.stdout)[2], [1, 2, 3])
            self.assertIn(b"gaussian", done.stderr)

    def test_standard_output_into_a_file(self):
        with open(self.path("o.npy"), "wb") as file:
            file.write(b"before")
            file.flush()
            subprocess.run([support.NLL, *map(str, self.words), "--mode", "/dev/stdout", "--quiet"],
                           cwd=self.dir, stdout=file, check=True)
        with open(self.path("o.npy"), "rb") as file:
            data = file.read()
        self.assertEqual(data[:6], b"before")
        self.assertEqual(read_npy(data[6:])[2], [1, 2, 3])

    def test_fifo_is_written_and_kept(self):
        os.mkfifo(self.path("pipe"))
        reader = subprocess.Popen(["cat", "pipe"], cwd=self.dir, stdout=subprocess.PIPE)
        self.addCleanup(reader.kill)
        self.good(*self.words, "--mode", "pipe")
        self.assertEqual(read_npy(reader.communicate()[0])[2], [1, 2, 3])
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("pipe")).st_mode))

    def test_closed_pipe(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([support.NLL, *map(str, self.words), "--out", "/dev/stdout"],
                              cwd=self.dir, stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        self.assertEqual(done.returncode, 74)

    def test_two_outputs_in_one_file(self):
        self.refuse(64, *self.words, "--out", "o.npy", "--mode", "./o.npy", say="two outputs")
        self.assertEqual(self.files(), ["z.npy"])

    def test_pipeline(self):
        """One command's output is another's input."""
        first = self.good(*self.words, "--mode", "-", "--quiet")
        found = self.score("gaussian", "--loc", "-", "--target", 0, stdin=first.stdout)
        self.assertEqual(found["digest"], self.score(*self.words[1:])["digest"])


class Signals(Case):
    def test_nothing_is_left(self):
        """A pipe that nobody reads holds the program while its temporary files exist."""
        self.save("z.npy", [1.0] * 100000)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = self.files()
            default = lambda: signal.signal(number, signal.SIG_DFL)  # if we run in the background
            process = subprocess.Popen(
                [support.NLL, "score", "gaussian", "--loc", "z.npy", "--target", "0", "--out",
                 "o.npy", "--grad", "g", "--mode", "/dev/stdout"],
                cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default)
            try:
                for _ in range(1000):
                    if "g" in self.files() and self.files("g"):
                        break
                    time.sleep(0.01)
                self.assertIn("g", self.files())
                time.sleep(0.05)
                process.send_signal(number)
                self.assertEqual(process.wait(10), -number)
            finally:
                process.kill()
                process.communicate()
            self.assertEqual(self.files(), before)

    def test_ignored_signals_stay_ignored(self):
        self.save("z.npy", [1.0] * 100000)
        process = subprocess.Popen(
            [support.NLL, "score", "gaussian", "--loc", "z.npy", "--target", "0", "--mode", "-",
             "--quiet"], cwd=self.dir, stdout=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        time.sleep(0.3)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(len(read_npy(process.communicate()[0])[2]), 100000)
        self.assertEqual(process.returncode, 0)


class Demo(Case):
    def test_demo_is_scored(self):
        if self.run_nll("demo", "d").returncode == 66:
            self.skipTest("the texts are not installed; set NLL_EXAMPLES")
        shown = self.good("demo", "d").stdout.decode()
        command = [line for line in shown.split("\n") if line.startswith("nll score ")][0].split()
        self.assertEqual(self.files("d"), ["logits.npy", "targets.npy"])
        found = self.score(*command[2:])
        self.assertEqual(found["cols"], 256)
        self.assertGreater(found["bits_per_byte"], 1.5)
        self.assertLess(found["bits_per_byte"], 3)
        self.assertGreater(found["accuracy"], 0.4)

    def test_no_texts(self):
        self.refuse(66, "demo", "d", env={"NLL_EXAMPLES": "/nonexistent"}, say="NLL_EXAMPLES")
        self.assertEqual(self.files(), [])

    def test_unwritable(self):
        self.refuse(74, "demo", "no/such/d", say="no/such/d")
