"""What tests of stores share: real servers on loopback, in temporary directories, ended by their pid."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until(ready, seconds, what):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not start")
        time.sleep(0.05)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Server:
    """A process in a directory of its own, as a user without rights; subclasses say which."""

    user = "nobody"

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="proofkey-store-")
        self.process = None
        self.port = free_port()
        if os.geteuid() == 0:
            who = pwd.getpwnam(self.user)
            os.chown(self.directory, who.pw_uid, who.pw_gid)

    def __enter__(self):
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def prepare(self):
        """Makes what the server needs before its first start."""

    def command(self):
        """What is run, in the foreground."""
        raise NotImplementedError

    def ready(self):
        return listens(self.port)

    def as_user(self, command):
        """The command, as the user that the server runs as."""
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={self.user}", f"--regid={pwd.getpwnam(self.user).pw_gid}", "--clear-groups"] + command

    def run(self, command):
        subprocess.run(self.as_user(command), cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(self.as_user(self.command()), cwd=self.directory, stdout=log, stderr=log,
                                            start_new_session=True)
        wait_until(self.ready, 30, self.command()[0])

    def signal(self, number):
        """To the server and what it started: they are a process group."""
        os.killpg(self.process.pid, number)

    def kill(self):
        """As a power cut does, but for the disk."""
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process:
            self.signal(signal.SIGCONT)
            self.kill()

    def silence(self):
        """Shell commands that make it fall silent, and go on."""
        return [f"kill -s STOP -- -{self.process.pid}", f"kill -s CONT -- -{self.process.pid}"]


def suite(build, address, *commands):
    """Runs the shared suite; its TAP goes to our output. Gives the exit status."""
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    return subprocess.run([os.path.join(build, "tests/stores_suite"), address, *commands], env=environment, timeout=300,
                          check=False).returncode
