#!/usr/bin/env python3
"""The suite of all stores against SQLite: sqlite.py BUILD"""
import os
import shutil
import sys
import tempfile

import servers


def main():
    directory = tempfile.mkdtemp(prefix="proofkey-store-")
    try:
        return servers.suite(sys.argv[1], "sqlite:" + os.path.join(directory, "vault.db"))
    finally:
        shutil.rmtree(directory)


sys.exit(main())
