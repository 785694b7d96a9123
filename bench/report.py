"""The result as text: which machine, when, and the tables, as Markdown that reads well on a terminal too."""
import datetime
import os
import platform
import re

from servers import CLIENT_CORES, CORES, SERVER_CORES

HEAD = """# Measurements

Written by `script/bench --write`. What is compared took turns within this one run; a ratio is taken within each turn, and the median of
the ratios is shown. On another machine the numbers are others, the ratios less so.
"""

NOTES = f"""## How it is measured

- **Pairs**: processor time of one core. The floor is 32 bytes of entropy, one block of SHA-256 and 32 bytes encoded twice, asked of
  libsodium without anything between. A ratio of costs: 1 is the floor itself.
- **/check/nginx**: wrk sends the same request, with the session cookie of a real login, over the same number of connections to each of
  the three. Servers have half of the cores (here {len(SERVER_CORES)} of {len(CORES)}), with a process for each; wrk has the rest
  (here {len(CLIENT_CORES)}{", the same one" if SERVER_CORES == CLIENT_CORES else ""}), but the kernel's network between them is shared. A ratio of 1 means as many
  requests, as much latency or as much processor time as the other. The empty libevent reply is evhttp answering 200 with nothing, from
  libevent's loop as it comes; a front's loop is told to batch what it asks of epoll, which is a part of its ratio.
- **Processor time of a request** is what the kernel counts for the server's processes, their system calls included. Where the machine
  has other work at the same time it is the steadier of the measures.
- **Whole logins**: /login, the provider's authorize endpoint, /callback, and behind it the token and user info requests: five requests,
  two of them between keeper and provider, and two transactions that have to be on the disk. The provider is the sandbox, which shares
  the other half of the cores with the visitors. In memory the vault costs no waiting for a disk; on a disk, the disk decides.
- **Memory**: PSS, the kernel's account of what each process takes, with shared pages shared out; RSS counts them in each. A session
  lives in its cookie, so the gateway keeps nothing for one that goes on. One that was ended takes 24 bytes, in tables of powers of two,
  until it would have expired; an attempt that was spent takes a row on the disk for as long.
"""


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = re.search(r"model name\s*:\s*(.*)|$", file.read())[1] or platform.machine()
    load = os.getloadavg()[0]
    return (f"{datetime.date.today()} on {model}, {len(CORES)} cores, Linux {platform.release().split('-')[0]}; load at the end {load:.1f}, "
            f"the measurement itself included.")


def number(value):
    if value is None:
        return "?"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    line = lambda cells: "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def ratios(rows):
    return table(("what", "Proofkey", "beside", "ratio", "aim"), [(what, number(ours), number(theirs), ratio, aim) for what, ours, theirs, ratio, aim in rows])


def memory(rows):
    return table(("the gateway", "PSS, MiB", "RSS, MiB", "each process, MiB", "aim"),
                 [(state, number(pss), number(rss), each, "under 30") for state, pss, rss, each in rows])


def text(rows, memory_rows):
    return "\n".join([HEAD, machine(), "", ratios(rows), "", memory(memory_rows), "", NOTES]).rstrip()
