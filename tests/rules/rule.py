"""What the rules share: where the tree is, reading C without its comments, and printing TAP."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")

results = []


def check(name, problems):
    """One test. It passes when there are no problems; each problem is a line of what is printed."""
    problems = list(problems)
    results.append(not problems)
    print(f"{'not ok' if problems else 'ok'} {len(results)} - {name}")
    for problem in problems:
        print(f"# {problem}")


def done():
    print(f"1..{len(results)}")
    sys.exit(0 if results and all(results) else 1)


def sources(*folders, suffixes=(".c", ".h", ".def")):
    """The source files under these folders, sorted."""
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)
    if not found:
        sys.exit(f"no sources in {folders}: the rule would look at nothing")
    return found


def name(path):
    return str(path.relative_to(ROOT))


def code(path):
    """The text of a C file with comments and the inside of literals blanked out; lines keep their numbers."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(found):
        text = found[0]
        if text[0] in "\"'":
            return text[0] + text[0]
        return "\n" * text.count("\n") + " "

    lines = path.read_text().splitlines(keepends=True)
    # The names in #include "..." are not what is looked for in literals.
    kept = "".join("\n" if line.lstrip().startswith("#include") else line for line in lines)
    return pattern.sub(blank, kept)


def includes(path):
    """The files of ours that a file includes, as they are named there."""
    return re.findall(r'^#\s*include\s+"([^"]+)"', path.read_text(), re.M)


def tracked():
    """Every file of the tree that is under version control, or about to be."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True,
                            text=True, check=True).stdout.split("\n")
    return [ROOT / path for path in listed if path and (ROOT / path).is_file()]


def undefined(path):
    """(object file, symbol) for each symbol that an archive or object leaves to others."""
    listed = subprocess.run(["nm", "-A", "-u", path], capture_output=True, text=True, check=True).stdout
    found = re.findall(r":([^:\s]+\.o):\s+[Uw] (\S+)", listed)
    if not found:
        sys.exit(f"{path}: nm lists nothing")
    return found


def defined(path):
    listed = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^[0-9a-f]+ [A-TV-Zn-z] (\S+)", listed, re.M))
