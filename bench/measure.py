"""One measurement each: requests per second and latency as wrk sees them, processor time and memory as the kernel counts them, whole
logins, what the disk needs to be sure of a write."""
import os
import re
import subprocess
import time

from servers import CLIENT_CORES, LOGIN, on

CONNECTIONS = 64
VISITORS = 32
MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6}


def cpu_seconds(pids):
    """Processor time that these processes have taken, system calls included."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0]) / 1e9
    return total


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * MICROSECONDS[unit]


def wrk(server, path, cookie, seconds):
    """Asks the server as fast as it answers. A reply that is not 2xx ends the measurement: it would be the rate of something else."""
    before = cpu_seconds(server.processes)
    threads = min(len(CLIENT_CORES), CONNECTIONS)
    out = subprocess.run(on(CLIENT_CORES, "wrk", "--latency", "-t", threads, "-c", CONNECTIONS, "-d", f"{seconds}s", "-H",
                            "Cookie: " + cookie, f"http://{server.address}{path}"), check=True, capture_output=True, text=True).stdout
    if re.search(r"Non-2xx|Socket errors", out):
        raise SystemExit(f"bench: {server.name} did not answer as it should:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            "p50": microseconds(re.search(r"^ +50% +(\S+)", out, re.M)[1]),
            "p99": microseconds(re.search(r"^ +99% +(\S+)", out, re.M)[1]),
            "cpu": (cpu_seconds(server.processes) - before) / requests * 1e6}


def logins(bench, gateway, sandbox, count, *options):
    """That many whole logins: logins per second, and the cookie of one of the sessions."""
    out = subprocess.run(on(CLIENT_CORES, bench.program("logins"), gateway.address, sandbox.address, LOGIN, count, VISITORS, *options),
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = dict(line.split(" ", 1) for line in out.splitlines())
    return count / float(lines["seconds"]), lines["cookie"]


def flows(bench, server, shape, scope, count, *options):
    """That many code flows at an authorization server: flows per second, the requests of one, and the processor time that it takes."""
    before = cpu_seconds(server.processes)
    out = subprocess.run(on(CLIENT_CORES, bench.program("flows"), server.address, count, VISITORS, *shape[:3], scope, shape[3], *options),
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = dict(line.split(" ", 1) for line in out.splitlines())
    return count / float(lines["seconds"]), int(lines["requests"]) / count, (cpu_seconds(server.processes) - before) / count


def start_seconds(command):
    """From nothing to the first line on stdout."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdout.readline()
        return time.monotonic() - begin
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def turns_of(bench, program):
    """Nanoseconds of processor time: for each row that the program prints, all turns in their order."""
    out = subprocess.run(on(CLIENT_CORES[:1], bench.program(program)), check=True, stdout=subprocess.PIPE, text=True).stdout
    turns = {}
    for line in out.splitlines():
        name, nanoseconds = line.split()
        turns.setdefault(name, []).append(float(nanoseconds))
    return turns


def syncs(directory, seconds):
    """How often in a second a page can be written so that it is on the disk."""
    path = os.path.join(directory, "sync")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    count, begin = 0, time.monotonic()
    try:
        while time.monotonic() - begin < seconds:
            os.pwrite(fd, b"\1" * 4096, count * 4096)
            os.fdatasync(fd)
            count += 1
        return count / (time.monotonic() - begin)
    finally:
        os.close(fd)
        os.unlink(path)


def memory(server):
    """KiB of each process, by its name. PSS shares out what several of them have in common, so that their sum is what the gateway takes;
    the kernel tells it of a process that is closed to others to root alone, else it is None."""
    rows = []
    for pid in server.processes:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            name = os.path.basename(file.read().split(b"\0")[0].decode())
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            rss = int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                pss = int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
        except PermissionError:
            pss = None
        rows.append((name, rss, pss))
    return rows
