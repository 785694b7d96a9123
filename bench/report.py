"""The result as text: which machine, when, and the tables, as Markdown that reads well on a terminal too."""
import datetime
import os
import platform
import re

from measure import CONNECTIONS, VISITORS
from servers import CLIENT_CORES, CORES, SERVER_CORES

SHARED = " (here the same one)" if SERVER_CORES == CLIENT_CORES else ""

HEAD = """# Measurements

Written by `script/bench --write`. What is compared took turns within this one run; a ratio is taken within each turn, and the median of
the ratios is shown. On another machine the numbers are others, the ratios less so.
"""

NOTES = f"""## How it is measured

- **Pairs**: processor time of one core. The floor is 32 bytes of entropy, one block of SHA-256 and 32 bytes encoded twice, asked of
  libsodium without anything between. The ratio is one of costs: 1 is the floor itself.
- **Explaining**: processor time of one core for reading and explaining the capture of one failed login, a challenge in the wrong encoding;
  and for the longest verifier with a challenge that is none of it, where the search runs to its end. Beside them, jansson parses the same
  capture and does nothing with it.
- **/check/nginx**: wrk sends the same request, with the session cookie of a real login, over {CONNECTIONS} connections that stay open, to each
  of the three. Servers have a half of the cores and a process for each (here {len(SERVER_CORES)} of {len(CORES)}), wrk has the others{SHARED}. The
  empty libevent reply is evhttp answering 200 with nothing, from libevent's loop as it comes. A front's loop tells epoll once in a turn
  what has changed, which evhttp gains much from: that is how a check can come so close to a reply that does nothing.
- **Processor time of a request** is what the kernel counts for the server's processes, their system calls included. Where other work
  disturbs the machine it is the steadier measure. All of the servers are kept busy, so latency is mostly waiting for one's turn.
- **Whole logins**: /login, the provider's authorize endpoint, /callback, and behind it the token request and the user info: five
  requests, two of them between keeper and provider, and two transactions, of which the keeper waits for each to be on the disk. The
  provider is the sandbox, on wrk's half of the cores, as are the {VISITORS} visitors who log in at the same time. The ratio of the first
  row is to an empty reply for each of the five requests; that of the second is to a page written and made sure of for each transaction.
- **Code flows**: one client goes through authorize, the server's pages, token and user info, as {VISITORS} browsers at once, at the sandbox (dialect
  `rfc7636`) and at npm's oidc-provider as it comes: a store in memory, its development pages, one process each on the servers' half of the
  cores. Both sign ID tokens, with RS256 and 2048 bits, of which one signature costs the sandbox three times the rest of a flow, and with ES256. oidc-provider asks for the sign-in and the consent on two pages, the sandbox on one.
  The signature is most of what a flow costs the sandbox, and no server can make it cheaper: the row without an ID token shows the rest.
  RSA of three primes would be slower with OpenSSL, which has fast code for two; ES256 is ten times as fast, and a dialect may have it.
- **The sandbox's memory**: PSS before and after these flows; and of another sandbox that goes through many more without a page, and keeps of
  them what its rings hold.
- **Memory**: a gateway with a front for each core. PSS is the kernel's account of what each process takes, with shared pages shared out;
  RSS counts those in each. A session that goes on lives in its cookie and takes no memory. One that was ended takes 24 bytes, in tables
  whose sizes are powers of two, until it would have expired; a spent attempt takes a row on the disk until it would have.
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

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"

    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def ratios(rows):
    return table(("what", "Proofkey", "beside", "ratio", "aim"),
                 [(what, number(ours), number(theirs), ratio, aim) for what, ours, theirs, ratio, aim in rows])


def memory(rows):
    return table(("the gateway", "PSS, MiB", "RSS, MiB", "each process, MiB", "aim"),
                 [(state, number(pss), number(rss), each, "under 30") for state, pss, rss, each in rows])


def text(rows, memory_rows):
    return "\n".join([HEAD, machine(), "", ratios(rows), "", memory(memory_rows), "", NOTES]).rstrip()
