"""What the test of docs/operating.md has in place of a machine: a directory that stands for /, and a service manager that reads the units
that are installed there and does what they say, as far as a test can: sockets, credentials, environment, readiness.

What it does not know it refuses, so that a unit which asks for more is not taken for tested."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attacks" / "gateway"))
from passed_sockets import launch, listening  # noqa: E402

KNOWN = {
    "Unit": {"Description", "Documentation", "Wants", "After", "Requires", "StartLimitIntervalSec"},
    "Install": {"WantedBy", "Also"},
    "Socket": {"TriggerLimitIntervalSec", "ListenStream", "FileDescriptorName", "NoDelay", "Service", "SocketUser", "SocketGroup", "SocketMode", "RemoveOnStop"},
    # Not what confines: systemd-analyze and the kernel see to that.
    "Service": {"Type", "ExecStart", "ExecReload", "Restart", "RestartSec", "KillMode", "TimeoutStopSec", "OOMPolicy", "User", "Group",
                "StateDirectory", "StateDirectoryMode", "LoadCredential", "EnvironmentFile"},
}
CONFINING = ("Limit", "Private", "Protect", "Restrict", "SystemCall", "No", "Capability", "Proc", "Remove", "Lock", "Memory", "UMask")


def read_unit(*paths):
    """Sections of lists; a value that is empty takes those before it away, as in systemd.unit(5)."""
    unit, section = {}, None
    for line in (line for path in paths for line in path.read_text().splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif line.strip() and line[0] not in "#;":
            name, _, value = line.partition("=")
            if name not in KNOWN[section] and not (section == "Service" and name.startswith(CONFINING)):
                raise AssertionError(f"{paths[0].name}: {section}: {name} is not known here")
            values = unit.setdefault(section, {}).setdefault(name, [])
            values[:] = [*values, value] if value else []
    return unit


class Machine:
    """`root` stands for /; `words` are replaced in whatever the page says, in their order."""

    def __init__(self, root, program, words):
        self.root = pathlib.Path(root)
        self.program = program
        self.words = [(f"/{name}/", f"{root}/{name}/") for name in ("etc/proofkey", "etc/systemd", "etc/nginx", "etc/ssl", "var/lib/proofkey", "run/proofkey",
                                                                     "run/credentials")] + words
        self.sockets, self.enabled = {}, set()
        self.process = None
        self.log_path = self.root / "log"
        for name in ("etc/systemd/system", "etc/ssl", "etc/nginx/sites-available", "etc/nginx/sites-enabled", "var/lib/proofkey", "run/proofkey"):
            (self.root / name).mkdir(parents=True)
        (self.root / "etc/proofkey/secrets").mkdir(parents=True)  # tmpfiles.d does
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(90)
        self.manager.bind(str(self.root / "run/notify"))

    def put(self, text):
        """The page's text as it is on this machine."""
        for word, here in self.words:
            text = text.replace(word, here)
        return text

    def path(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, text):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(self.put(text))

    def set_key(self, name, text):
        """A key of the configuration, in place of the one that is there."""
        path = self.path("/etc/proofkey/proofkey.conf")
        kept = [line for line in path.read_text().splitlines() if line.split("=")[0].strip() != name]
        path.write_text("\n".join([self.put(text).rstrip("\n"), *kept]) + "\n")

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    # ---- systemctl ----

    def unit(self, name):
        drop_ins = sorted(self.path(f"/etc/systemd/system/{name}.d").glob("*.conf"))
        return read_unit(self.path("/usr/local/lib/systemd/system") / name, *drop_ins)

    def systemctl(self, verb, *names):
        if verb == "daemon-reload":
            return
        now = "--now" in names
        for name in (name for name in names if name != "--now"):
            name = name if "." in name else name + ".service"
            if verb == "enable":
                self.enable(name)
            if verb in ("stop", "restart"):
                self.stop_unit(name)
            if verb in ("start", "restart") or (verb == "enable" and now):
                self.start_unit(name)
            if verb == "reload":
                self.process.send_signal(signal.SIGHUP)
                self.told("RELOADING=1")
                self.told("READY=1")
            if verb not in ("enable", "start", "stop", "restart", "reload"):
                raise AssertionError(f"systemctl {verb} is not known here")

    def enable(self, name):
        self.enabled.add(name)
        self.enabled.update(self.unit(name).get("Install", {}).get("Also", []))

    def start_unit(self, name):
        if name.endswith(".socket"):
            self.start_socket(name)
        elif not self.process:
            self.start_service(name)

    def stop_unit(self, name):
        if not name.endswith(".socket"):
            self.stop_service()
        elif name in self.sockets:
            self.sockets.pop(name)[1].close()

    def start_socket(self, name):
        if name in self.sockets:
            return
        if self.process:
            raise AssertionError(f"{name}: systemd opens no socket of a service that runs")
        unit = self.unit(name)["Socket"]
        where, = unit["ListenStream"]
        where = self.put(where)
        if where.startswith("/"):
            pathlib.Path(where).unlink(missing_ok=True)
            address = where
        else:
            host, _, port = where.rpartition(":")
            address = (host, int(port))
        self.sockets[name] = (unit["FileDescriptorName"][0], listening(address))

    def credentials(self, unit):
        directory = self.path("/run/credentials/proofkey.service")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for credential in unit["LoadCredential"]:
            name, _, path = credential.partition(":")
            path = self.path(path)
            for file, as_name in [(path, name)] if path.is_file() else [(file, f"{name}_{file.name}") for file in path.iterdir()]:
                shutil.copyfile(file, directory / as_name)
                (directory / as_name).chmod(0o400)
        return str(directory)

    def environment(self, unit):
        found = {"CREDENTIALS_DIRECTORY": self.credentials(unit), "NOTIFY_SOCKET": self.manager.getsockname()}
        for path in unit.get("EnvironmentFile", []):
            file = self.path(path.lstrip("-"))
            if file.exists():
                found.update(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
            elif not path.startswith("-"):
                raise AssertionError(f"{path} is missing")
        return found

    def start_service(self, name):
        whole = self.unit(name)
        for required in whole["Unit"].get("Requires", []):
            self.start_socket(required)
        unit = whole["Service"]
        if unit["Type"] != ["notify"] or unit["KillMode"] != ["mixed"]:
            raise AssertionError("this manager waits for READY=1, and sends SIGTERM to the main process alone")
        program, *arguments = self.put(unit["ExecStart"][0]).split()
        if program != "/usr/local/bin/proofkey":
            raise AssertionError(f"{program} is not where it was installed")
        with open(self.log_path, "ab") as log:
            self.process = launch(list(self.sockets.values()), [self.program, *arguments], self.environment(unit), stdout=log, stderr=log)
        try:
            self.told("READY=1")
        except TimeoutError:
            raise AssertionError("the service did not start: " + self.log()[-2000:]) from None

    def told(self, line):
        while line not in self.manager.recv(4096).decode().split("\n"):
            pass

    def stop_service(self):
        if self.process:
            self.process.terminate()
            status = self.process.wait(90)
            self.process = None
            if status:
                raise AssertionError(f"it ended with status {status}: {self.log()[-2000:]}")

    def children(self):
        pid = self.process.pid
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def freeze(self, number):
        """SIGSTOP or SIGCONT, for all of it."""
        for pid in [self.process.pid, *self.children()]:
            os.kill(pid, number)

    def power_cut(self):
        """Everything on it is gone at once, its sockets too."""
        for name in list(self.sockets):
            self.sockets.pop(name)[1].close()
        # At once: nobody may notice the end of another.
        pids = [self.process.pid, *self.children()]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        self.process.wait()
        self.process = None
        self.manager.setblocking(False)
        try:
            while self.manager.recv(4096):
                pass
        except BlockingIOError:
            self.manager.settimeout(90)

    def power_on(self):
        for name in sorted(self.enabled, key=lambda name: not name.endswith(".socket")):
            self.start_unit(name)

    def close(self):
        if self.process:
            self.power_cut()
        for _, opened in self.sockets.values():
            opened.close()
        self.manager.close()


def shell(command, environment):
    """Runs a command of the page; what it said."""
    done = subprocess.run(["sh", "-euc", command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"{command}\nended with status {done.returncode}: {done.stdout}")
    return done.stdout
