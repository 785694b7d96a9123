#!/usr/bin/env python3
"""proofkey keys new."""
import os
import re
import tempfile

from tap import done, ok, refuses, run, says_yes

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

refuses("new without a file", run("keys", "new"), 2, "one file")
refuses("new with two", run("keys", "new", "a", "b"), 2, "one file")
refuses("nothing", run("keys"), 2, "keys new FILE")
refuses("an unknown option", run("keys", "new", "--force", "x"), 2, "--force")
says_yes("--help", run("keys", "--help"), run("keys", "--help").stdout.startswith("usage: proofkey keys "))
done()
