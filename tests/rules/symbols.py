#!/usr/bin/env python3
"""The protocol core does no I/O and keeps no hidden state: symbols.py [BUILD].

What libproofkey needs from others is core-symbols.txt, and nothing in that list reaches a socket, a file, a clock, a random source,
the environment or a log. A new symbol is a decision: add it to the list by hand, in the commit that needs it."""
import re

from rule import BUILD, ROOT, check, defined, done, undefined

FORBIDDEN = re.compile(
    r"^(socket|connect|accept|bind|listen|send|recv|poll|select|epoll|getaddrinfo|gethost"  # sockets
    r"|f?open|creat|f?read|f?write|f?close|stat|unlink|rename|mmap|fputs|fputc|puts|putchar|f?printf|vf?printf|perror"  # files
    r"|time|clock|gettimeofday|localtime|gmtime|mktime|nanosleep|sleep|usleep"  # clocks
    r"|s?rand|s?random|drand|getrandom|getentropy|arc4random|randombytes|RAND_"  # random
    r"|(secure_)?getenv|setenv|putenv|environ|setlocale|getauxval"  # the environment
    r"|v?syslog|openlog|exit|abort|raise|kill|fork|exec|system|popen|pthread_|sodium_init|event_|evhttp|curl_)")

# What compilers add by themselves, differently from one version to the next.
COMPILERS = re.compile(r"^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__asan_.*|__ubsan_.*)$")


def plain(symbol):
    """__memcpy_chk is memcpy with a check."""
    found = re.match(r"^__(\w+)_chk$", symbol)
    return found[1] if found else re.sub(r"^__isoc\d+_", "", symbol)


archive = BUILD / "src" / "libproofkey.a"
own = defined(archive)
needed = {plain(symbol) for _, symbol in undefined(archive) if symbol not in own and not COMPILERS.match(symbol)}
listed = [line for line in (ROOT / "tests/rules/core-symbols.txt").read_text().split("\n") if line and not line.startswith("#")]

check("the core needs what is listed and nothing else",
      [f"{x} is needed and not listed" for x in sorted(needed - set(listed))] +
      [f"{x} is listed and not needed" for x in sorted(set(listed) - needed)])
check("the list is sorted, each symbol once", [] if listed == sorted(set(listed)) else ["it is not"])
check("nothing in it does I/O or keeps state", [x for x in sorted(needed | set(listed)) if FORBIDDEN.match(x)])
done()
