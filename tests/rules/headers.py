#!/usr/bin/env python3
"""Each header compiles alone: the public ones as C17 and as C++17, ours as the C that we write."""
import shutil
import subprocess
import sys

from rule import ROOT, check, done, name, sources

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{ROOT}/include", f"-I{ROOT}/src"]
# Where the headers of libraries are that are not found without being told.
STRICT += subprocess.run(["pkg-config", "--cflags", "libpq"], check=True, capture_output=True, text=True).stdout.split()
CXX = shutil.which("g++") or shutil.which("clang++")


def complaints(compiler, language, standard, header, *options):
    """Compiles a file that includes the header, twice, and nothing else."""
    text = f'#include "{header}"\n#include "{header}"\nextern int nothing_else;\n'
    run = subprocess.run([compiler, f"-std={standard}", "-x", language, *STRICT, *options, "-"], input=text, capture_output=True, text=True)
    return [] if run.returncode == 0 else run.stderr.splitlines()[:10] or ["it failed without a word"]


if not CXX:
    sys.exit("there is no C++ compiler")
for header in sources("include", suffixes=(".h",)):
    for compiler in ("gcc", "clang"):
        check(f"{name(header)} alone, {compiler}, C17", complaints(compiler, "c", "c17", header.name))
    check(f"{name(header)} alone, C++17", complaints(CXX, "c++", "c++17", header.name))
for header in sources("src", suffixes=(".h",)):
    # The static arrays in some signatures are C, and the GNU dialect is what we compile.
    check(f"{name(header)} alone", complaints("gcc", "c", "gnu17", str(header.relative_to(ROOT / "src")), "-D_GNU_SOURCE"))
done()
