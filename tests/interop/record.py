#!/usr/bin/env python3
"""Holds what a client was seen to do against docs/interop.md: record.py CLIENT, with the JSON that a suite collected on standard input.

Each client is a column of the page's two tables. With RENEW in the environment the column is written anew, as script/interop --renew does."""
import fcntl
import json
import os
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "interop.md"
CLIENTS = ["arctic", "oauth4webapi", "openid-client", "passport-oauth2", "oidc-client-ts", "requests-oauthlib", "Authlib"]
LETTERS = {"login": "L", "id token": "I", "user info": "U", "refresh": "R", "revoke": "V"}


def read(lines, title):
    """The table under this heading: where it stands, and {row: {client: cell}}."""
    head = next(i for i in range(lines.index(title), len(lines)) if lines[i].startswith("|"))
    end = next((i for i in range(head, len(lines)) if not lines[i].startswith("|")), len(lines))
    names = [cell.strip() for cell in lines[head].strip("|").split("|")][1:]
    rows = {}
    for line in lines[head + 2:end]:
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[first.strip("`")] = dict(zip(names, cells))
    return head, end, rows


def table(what, rows):
    yield f"| {what} | " + " | ".join(CLIENTS) + " |"
    yield "|---" * (1 + len(CLIENTS)) + "|"
    for name in sorted(rows):
        if any(rows[name].values()):
            yield f"| `{name}` | " + " | ".join(rows[name].get(client, "") for client in CLIENTS) + " |"


def keep(client, seen, named):
    """`seen` is {provider: words}, `named` is {fault: providers}. Whether the page says the same."""
    cells = [("## Logins", "provider", {p: " ".join(letter for word, letter in LETTERS.items() if word in words) for p, words in seen.items()}),
             ("## Mistakes", "fault", {fault: str(len(providers)) for fault, providers in named.items()})]
    with open(PAGE, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        differ = []
        for title, what, column in cells:
            head, end, rows = read(lines, title)
            for row in {*rows, *column}:
                old, new = rows.get(row, {}).get(client, ""), column.get(row, "")
                if old != new:
                    differ.append(f"{client}, {row}: the page says {old or 'nothing'}, and seen was {new or 'nothing'}")
                rows.setdefault(row, {})[client] = new
            lines[head:end] = table(what, rows)
        if differ and "RENEW" in os.environ:
            file.seek(0)
            file.truncate()
            file.write("\n".join(lines) + "\n")
            return True
    for line in differ:
        print("# " + line)
    return not differ


if __name__ == "__main__":
    document = json.load(sys.stdin)
    if not keep(sys.argv[1], document["seen"], document["named"]):
        sys.exit("docs/interop.md does not show what was seen; script/interop --renew writes it")
