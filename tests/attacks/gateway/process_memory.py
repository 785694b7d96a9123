"""What is in the memory of a process. Reads /proc/PID/mem as root: the processes are not dumpable, and nobody else may."""

LARGEST = 1 << 30  # bytes; a sanitizer's shadow of the whole address space is larger, and holds no data


def memory(pid):
    """All that the process could read, map by map."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            start, end = (int(at, 16) for at in line.split()[0].split("-"))
            if "r" not in line.split()[1] or end - start > LARGEST or "[v" in line:
                continue
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except OSError:
                continue  # a guard page


def found(pid, values):
    """The names of those values that are somewhere in the process."""
    seen = set()
    for part in memory(pid):
        seen |= {name for name, value in values.items() if name not in seen and value in part}
    return seen
