"""TAP, as the tests of this folder print it."""

tested = []


def ok(name, right, *evidence):
    tested.append(bool(right))
    print(f"{'ok' if right else 'not ok'} {len(tested)} - {name}", flush=True)
    if not right:
        for item in evidence:
            print("\n".join(f"#   {line}" for line in str(item).splitlines()), flush=True)


def done():
    """The exit status."""
    print(f"1..{len(tested)}")
    return 0 if tested and all(tested) else 1
