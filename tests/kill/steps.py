"""Killing a process at a step of its work: as it enters one of the system calls that the rest of the world can see, by strace.

What a process does between two of them is seen by nobody, so that to die at each of these calls is to die everywhere. Where tracing is
forbidden, what is left is to die at a random time."""
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

# What a keeper reads counts as well: to have heard an answer and not to have heard it are not the same.
CALLS = ("write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,sendto,sendmsg,sendmmsg,connect,read,readv,pread64,recvfrom,recvmsg,"
         "unlink,rename,openat,close,shutdown")


class Step:
    """Kills the process as it enters a call for the n-th time; without a call it only watches."""

    def __init__(self, _, pid, call=None, n=0):
        self.file = tempfile.NamedTemporaryFile("r", prefix="proofkey-steps-")
        words = ["strace", "-s", "0", "-e", f"trace={CALLS}", "-o", self.file.name, "-p", str(pid)]
        if call:
            words += ["-e", f"inject={call}:signal=SIGKILL:when={n}"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.pid = pid
        self.call = call
        self.n = n
        self.said = self.process.stderr.readline()

    @property
    def attached(self):
        return "attached" in self.said

    def end(self):
        """Lets go of the process, if it lives; what dies is seen by strace to its end."""
        if is_alive(self.pid):
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate()
        lines = self.file.read().splitlines()
        self.file.close()
        self.calls = [found[1] for line in lines if (found := re.match(r"(\w+)\(", line))]
        self.killed = any("killed by SIGKILL" in line for line in lines) or bool(self.call) and when_dead(self.pid, 0.05)

    @property
    def steps(self):
        """The calls of which it saw one or more, each with its number among those of its name: what a Step is made of."""
        return [(call, self.calls[:i + 1].count(call)) for i, call in enumerate(self.calls)]

    def __str__(self):
        return f"at {self.call} {self.n}"


class Moment:
    """Kills whom `victim` names after so many seconds."""

    def __init__(self, victim, _, seconds):
        self.victim = victim
        self.pids = []
        self.seconds = seconds
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        if self.ended.wait(self.seconds):
            return
        for pid in self.victim():
            try:
                os.kill(pid, signal.SIGKILL)
                self.pids.append(pid)
            except ProcessLookupError:
                pass

    def end(self):
        self.ended.set()
        self.thread.join()
        self.killed = bool(self.pids)

    def __str__(self):
        return f"after {self.seconds * 1000:.1f} ms"


def cannot_trace(pid):
    """Why this machine does not let us trace the process, or None. A keeper lets nobody but root."""
    try:
        step = Step(None, pid)
    except FileNotFoundError:
        return "there is no strace"
    step.end()
    return None if step.attached else step.said.strip() or "strace did not start"


def is_alive(pid):
    """Whether it has not begun to go, either: without memory it has no command line any more."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return bool(line.read())
    except OSError:
        return False


def when_dead(pid, seconds):
    """Whether the process is dead within that time."""
    end = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)
