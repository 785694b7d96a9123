#!/usr/bin/env python3
"""What no file of the tree may have: functions without bounds, a beginning without a word on what it is for, leftovers."""
import re

from rule import ROOT, check, code, done, name, sources, tracked

BANNED = re.compile(r"\b(strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|rand|srand|system|popen|alloca"
                    r"|tmpnam|mktemp|scanf|sscanf)\s*\(")
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
PLACES = re.compile(r"(?<![\w.])/(ro" r"ot|wo" r"rk|home/\w+)/\w")
TEXT = {".c", ".h", ".def", ".py", ".mjs", ".js", ".html", ".css", ".conf", ".md", ".build", ".txt", ".exp", ".sh", ".1", ".5", ""}


def matches(pattern, files, text):
    return (f"{name(path)}:{number}: {found[0]}" for path in files for number, line in enumerate(text(path).split("\n"), 1)
            for found in pattern.finditer(line))


c_files = sources("src", "include", "fuzz", suffixes=(".c", ".h"))
every = [path for path in tracked() if path.suffix in TEXT and "corpus" not in path.parts]

check("no function that knows no bounds", matches(BANNED, c_files, code))
check("every C file opens with what it is for",
      (name(path) for path in c_files + sources("tests", suffixes=(".c", ".h")) if not path.read_text().startswith("/*")))
check("nothing is left for later", matches(LEFTOVER, every, lambda path: path.read_text(errors="replace")))
check("no place on somebody's machine", matches(PLACES, every, lambda path: path.read_text(errors="replace")))
check("lines end without spaces, files with a newline",
      (f"{name(path)}" for path in every if path.suffix != ".exp" and
       (re.search(r"[ \t]+$", path.read_text(errors="replace"), re.M) or not path.read_text(errors="replace").endswith("\n"))
       and path.stat().st_size))
done()
