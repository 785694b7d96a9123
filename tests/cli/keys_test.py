#!/usr/bin/env python3
"""proofkey keys: what becomes of the file, and what is refused without touching it."""
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

from tap import PROGRAM, done, ok, refuses, run, says_yes

with tempfile.TemporaryDirectory(prefix="proofkey-keys-") as directory:
    path = f"{directory}/keys"
    old = os.umask(0)
    got = run("keys", "new", path)
    os.umask(old)
    says_yes("a new file", got, not got.stdout)
    ring = open(path).read()
    ok("its owner alone may read it, whatever the umask", os.stat(path).st_mode & 0o777 == 0o600, oct(os.stat(path).st_mode))
    ok("it has one key of 32 bytes", len(re.findall(r"^\S+Z [\w-]{43}$", ring, re.M)) == 1, "the key ring has another form")
    refuses("a file that exists", run("keys", "new", path), 1, path)
    ok("is left as it is", open(path).read() == ring, "it was changed")
    run("keys", "new", path + "2")
    ok("another file has another key", ring.split()[-1] not in open(path + "2").read(), "the key came twice")
    os.symlink(f"{directory}/elsewhere", f"{directory}/link")
    refuses("a link that leads nowhere is not followed", run("keys", "new", f"{directory}/link"), 1, "link")
    refuses("a directory that is not there", run("keys", "new", f"{directory}/none/keys"), 1, "none/keys")



def lines(path):
    return re.findall(r"^\S+Z [\w-]{43}.*$", open(path).read(), re.M)


def listed(path):
    return [tuple(line.split()) for line in run("keys", "list", path).stdout.splitlines()]


with tempfile.TemporaryDirectory(prefix="proofkey-keys-") as directory:
    path = f"{directory}/keys"
    run("keys", "new", path)
    first, = lines(path)
    (first_id, made, purpose), = listed(path)
    ok("list names the one key", re.fullmatch("[0-9a-f]{8}", first_id) and made in first and purpose == "seals", listed(path))

    with open(path, "a") as file:
        file.write("# on paper in the safe\n")
    os.chmod(path, 0o400)
    before = os.stat(path)
    got = run("keys", "rotate", path)
    says_yes("rotate", got, len(got.stdout.splitlines()) == 2)
    ok("a fresh key comes first, the old one stays", lines(path)[1:] == [first] and lines(path)[0] != first, lines(path))
    ok("the first seals", [row[2] for row in listed(path)] == ["seals", "opens"] and listed(path)[1][0] == first_id, listed(path))
    ok("the file was replaced, not written over", os.stat(path).st_ino != before.st_ino, "it is the same file")
    ok("its permissions stay", os.stat(path).st_mode == before.st_mode, oct(os.stat(path).st_mode))
    ok("what was noted in it stays", "# on paper in the safe\n" in open(path).read(), "the comment is gone")
    ok("nothing is left beside it", os.listdir(directory) == ["keys"], os.listdir(directory))
    ok("no key is printed", not any(line.split()[1] in got.stdout for line in lines(path)), "there is one")

    was = lines(path)
    says_yes("rotate --prepare", run("keys", "rotate", "--prepare", path))
    ok("adds a key behind the others", lines(path)[:2] == was and lines(path)[2].endswith(" prepared"), "it does not")
    ok("which list tells", [row[2] for row in listed(path)] == ["seals", "opens", "prepared"], listed(path))
    kept = open(path).read()
    refuses("a second one", run("keys", "rotate", "--prepare", path), 1, "prepared already")
    ok("changes nothing", open(path).read() == kept, "it does")
    prepared = listed(path)[2][0]
    says_yes("rotate, when one is prepared", run("keys", "rotate", path))
    ok("brings that one to the front", lines(path)[0] + " prepared" == kept.splitlines()[-1] and lines(path)[1:] == was, "it does not")
    ok("where it seals", [row[2] for row in listed(path)] == ["seals", "opens", "opens"] and listed(path)[0][0] == prepared, listed(path))

    kept = open(path).read()
    refuses("the key that seals is not dropped", run("keys", "drop", path, prepared), 1, "rotate first")
    refuses("nor one that is not there", run("keys", "drop", path, "00000000"), 1, "no key of that id")
    ok("that changes nothing", open(path).read() == kept, "it does")
    says_yes("drop", run("keys", "drop", path, first_id))
    ok("takes out that key", first not in lines(path) and len(lines(path)) == 2, "it does not")

    while len(lines(path)) < 16:
        run("keys", "rotate", path)
    kept = open(path).read()
    refuses("a seventeenth key", run("keys", "rotate", path), 1, "keys drop FILE ID")
    refuses("prepared or not", run("keys", "rotate", "--prepare", path), 1, "keys drop FILE ID")
    ok("leaves the sixteen", open(path).read() == kept, "it does not")
    says_yes("with one less", run("keys", "drop", path, listed(path)[-1][0]))
    says_yes("it can be prepared", run("keys", "rotate", "--prepare", path))
    says_yes("and come first", run("keys", "rotate", path), len(lines(path)) == 16)

    kept = open(path).read()
    for mode in 0o640, 0o604, 0o622:
        os.chmod(path, mode)
        refuses(f"a file with permissions {mode:o}", run("keys", "rotate", path), 1, "chmod 600")
        refuses("is not shown either", run("keys", "list", path), 1, "chmod 600")
    os.chmod(path, 0o600)
    os.symlink(path, f"{directory}/link")
    refuses("a link", run("keys", "rotate", f"{directory}/link"), 1, "symbolic link")
    refuses("no file", run("keys", "rotate", f"{directory}/none"), 1, "No such file")
    with open(f"{directory}/damaged", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write("2026-11-21T10:00:00Z short\n")
    refuses("a damaged one", run("keys", "rotate", f"{directory}/damaged"), 1, "line 1: a key is 32 bytes")
    ok("all stay as they were", open(path).read() == kept and len(open(f"{directory}/damaged").read()) == 27, "they do not")

    # What a rotation leaves that was killed while it wrote.
    with open(path + ".new", "w") as file:
        file.write("2026-11-21T1")
    run("keys", "drop", path, listed(path)[-1][0])
    says_yes("a rotation after one that was killed", run("keys", "rotate", path), len(lines(path)) == 16)
    ok("leaves nothing of it", not os.path.exists(path + ".new"), os.listdir(directory))

    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        run("keys", "drop", path, listed(path)[-1][0])
        says_yes("root may rotate for the owner", run("keys", "rotate", path))
        ok("whose the file stays", (os.stat(path).st_uid, os.stat(path).st_gid, os.stat(path).st_mode & 0o7777) == (65534, 65534, 0o600), os.stat(path))

        # The owner may not be in the file's group, which has no permissions anyway.
        os.chmod(directory, 0o755)
        program = shutil.copy(PROGRAM, f"{directory}/program")
        os.mkdir(f"{directory}/own")
        os.chown(f"{directory}/own", 65534, 65534)
        path = f"{directory}/own/keys"
        run("keys", "new", path)
        os.chown(path, 65534, 0)
        got = subprocess.run([program, "keys", "rotate", path], capture_output=True, text=True, user=65534, group=65534, extra_groups=[])
        says_yes("the owner may rotate, whatever the group", got)
        ok("whose the file stays then", os.stat(path).st_uid == 65534 and os.stat(path).st_mode & 0o7777 == 0o600, os.stat(path))

    # Killed at any moment: the ring is the old one or the new one.
    path = f"{directory}/killed"
    run("keys", "new", path)
    oldest = lines(path)[0]
    right = True
    for i in range(60):
        program = subprocess.Popen([PROGRAM, "keys", "rotate", path], stdout=subprocess.DEVNULL)
        time.sleep(random.random() / 100)
        program.kill()
        program.wait(60)
        rows = listed(path)
        right = right and rows and rows[0][2] == "seals" and lines(path)[-1] == oldest
        if len(rows) > 8:
            run("keys", "drop", path, rows[3][0])
    ok("whenever a rotation is killed, a whole ring is there", right, listed(path))
    says_yes("and the next one goes on", run("keys", "rotate", path))
    ok("leaving nothing beside it", not os.path.exists(path + ".new"), os.listdir(directory))

    # Everybody at once: each finds the ring that the one before left.
    path = f"{directory}/shared"
    run("keys", "new", path)
    programs = [subprocess.Popen([PROGRAM, "keys", "rotate", path], stdout=subprocess.DEVNULL) for _ in range(12)]
    ok("twelve rotations at once all succeed", [program.wait(60) for program in programs] == [0] * 12, "they do not")
    ok("and lose no key", len(set(lines(path))) == 13, lines(path))

refuses("new without a file", run("keys", "new"), 2, "one file")
refuses("new with two", run("keys", "new", "a", "b"), 2, "one file")
refuses("nothing", run("keys"), 2, "keys new FILE")
refuses("another word", run("keys", "delete", "x"), 2, "keys new FILE")
refuses("rotate without a file", run("keys", "rotate"), 2, "one file")
refuses("drop without an id", run("keys", "drop", "x"), 2, "id of a key")
refuses("an id that is none", run("keys", "drop", "x", "ABCDEF01"), 2, "eight characters")
refuses("--prepare with another", run("keys", "drop", "--prepare", "x", "00000000"), 2, "goes with rotate")
refuses("an unknown option", run("keys", "new", "--force", "x"), 2, "--force")
says_yes("--help", run("keys", "--help"), run("keys", "--help").stdout.startswith("usage: proofkey keys "))
done()
