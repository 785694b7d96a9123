"""Starting a program as a service manager does: with sockets that were opened before it (sd_listen_fds(3))."""
import os
import socket
import subprocess
import sys

# Puts the descriptors in the order of its first argument at 3 and on, as sd_listen_fds(3) has it, and becomes the rest.
LAUNCH = """
import fcntl, os, sys
given = [int(fd) for fd in sys.argv[1].split(",") if fd]
moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in given]
for fd in set(given):
    os.close(fd)
for at, fd in enumerate(moved):
    os.dup2(fd, 3 + at)
    os.close(fd)
os.environ["LISTEN_PID"] = os.environ.get("LISTEN_PID", str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def listening(address):
    kind = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    opened = socket.socket(kind)
    if kind == socket.AF_INET:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind(address)
    opened.listen(512)
    return opened


def launch(sockets, command, environment=None, **more):
    """Starts the program with these sockets, given as pairs of name and socket."""
    environment = {**os.environ, "LISTEN_FDS": str(len(sockets)),
                   "LISTEN_FDNAMES": ":".join(name for name, _ in sockets), **(environment or {})}
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0:quarantine_size_mb=8"
    numbers = [opened.fileno() for _, opened in sockets]
    return subprocess.Popen([sys.executable, "-c", LAUNCH, ",".join(map(str, numbers)), *command], pass_fds=numbers, env=environment, **more)
