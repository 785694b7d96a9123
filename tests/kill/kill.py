#!/usr/bin/env python3
"""The keeper is killed at every step of its work, and nothing is lost that its provider still honours: kill.py PROGRAM STORE [KILLS [SEED]]

STORE is sqlite, postgres or redis. A few dozen KILLS are the default; twice as many as there are steps take all of them, and random
moments besides. A SEED that was printed repeats what was chosen, though not what else the machine does."""
import pathlib
import queue
import random
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lane import Lane
from shelves import SHELVES, holds
from steps import Moment, Step, cannot_trace, when_dead
from works import WORKS
import harness
from harness import SANITIZED, check, finish, lock

LANES = 8       # gateways that are worked on at a time
KILLS = 40
TRAILING = 0.3  # seconds that a keeper has after its answer, in which it may still die of what it does then

store = sys.argv[2]
kills = int(sys.argv[3]) if len(sys.argv) > 3 else KILLS
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
chance = random.Random(seed)


def note(text):
    with lock:
        print("# " + text, flush=True)


def skip(what, why):
    with lock:
        harness.count += 1
        print(f"ok {harness.count} - {what} # SKIP {why}", flush=True)


def attempt(lane, kind, killer):
    """One work of that kind, during which the killer does its own; how long it took, how it was killed, and what is wrong."""
    work = kind()
    work.prepare(lane)
    pid = lane.keeper(work.age)
    deadly = killer(lambda: lane.gateway.children("keeper")[-1:], pid)
    began = time.monotonic()
    reply = work.act(lane)
    took = time.monotonic() - began
    when_dead(pid, TRAILING)
    deadly.end()
    return took, deadly, work.judge(lane, reply, deadly.killed)


def measure(lane, kind, tracing):
    """How long a work takes, unharmed, and its steps."""
    took, _, problem = attempt(lane, kind, lambda *who: Moment(*who, 3600))
    check(not problem, f"{kind.name}, unharmed", problem)
    if not tracing:
        return took, []
    _, step, problem = attempt(lane, kind, Step)
    check(not problem and not step.killed and step.attached, f"{kind.name}, watched: {len(step.steps)} steps", problem)
    return took, step.steps


def measure_share(lane, measured, tracing):
    """Its share of the works."""
    for kind in WORKS[lane.number::LANES]:
        measured[kind] = measure(lane, kind, tracing)


def plan(measured):
    """Which work dies when: half at a step, spread over all of them, half at a time. With kills enough, at all the steps first."""
    chosen, every = [], [(kind, Step, step) for kind in WORKS for step in measured[kind][1]]
    if 0 < len(every) <= kills / 2:
        chosen = every
    elif every:
        by_kind = {kind: [one for one in every if one[0] is kind] for kind in WORKS}
        share = kills / 2 / sum(kind.weight for kind in WORKS)
        for kind, steps in by_kind.items():
            count = min(max(round(share * kind.weight), 1), len(steps))
            offset = chance.random()
            chosen += [steps[int((i + offset) * len(steps) / count) % len(steps)] for i in range(count)]
    while len(chosen) < kills:
        kind = chance.choices(WORKS, [kind.weight for kind in WORKS])[0]
        took, steps = measured[kind]
        if steps and (kind.waits or kills > KILLS and chance.random() < 0.5):
            chosen.append((kind, Step, chance.choice(steps)))
        else:
            chosen.append((kind, Moment, (chance.random() * 1.3 * took,)))
    chance.shuffle(chosen)
    return chosen


died = 0


def work_off(lane, todo):
    global died
    while True:
        try:
            kind, killer, when = todo.get_nowait()
        except queue.Empty:
            return
        try:
            _, deadly, problem = attempt(lane, kind, lambda *who: killer(*who, *when))
            check(not problem, f"{lane.name}: {kind.name}, {'killed' if deadly.killed else 'done before it was to die'} {deadly}", problem)
            with lock:
                died += deadly.killed
        except Exception:
            check(False, f"{lane.name}: {kind.name} ended early", traceback.format_exc())


def last_look(lane):
    """All of the gateway is started anew, by a power cut as it were."""
    lane.gateway.restart(9)
    passing = [cookies for cookies in lane.logged_out if lane.lets_pass(cookies)]
    check(not passing, f"{lane.name}: of {len(lane.logged_out)} sessions that were ended none passes after a restart of everything", len(passing))
    lane.harvest()


def look_at_disk(shelf, lanes):
    tokens = set().union(*(lane.tokens for lane in lanes))
    control, _ = holds(shelf.directories(lanes), [lanes[0].subject])
    found, size = holds(shelf.directories(lanes), tokens)
    check(control and len(tokens) > len(lanes), "who has a grant stands in the store's files, so that they are read well", (control, len(tokens)))
    check(not found, f"none of {len(tokens)} tokens stands in {size} bytes of the store's files", len(found))
    logs = "\n".join(lane.gateway.log() for lane in lanes)
    check(not [token for token in tokens if token[:12] in logs], "nor in a log")
    check("Sanitizer" not in logs and "runtime error:" not in logs, "nothing was found by a sanitizer")


def at_all(lanes, function, *arguments):
    problems = []

    def one(lane):
        try:
            function(lane, *arguments)
        except Exception:
            problems.append(lane)
            check(False, f"{lane.name}: {function.__name__} ended early", traceback.format_exc())

    threads = [threading.Thread(target=one, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return not problems


def main():
    note(f"{store}, {kills} kills, seed {seed}")
    with SHELVES[store]() as shelf:
        lanes = [Lane(number, shelf) for number in range(LANES)]
        try:
            if not at_all(lanes, Lane.start):
                return
            forbidden = "sanitizers and tracing do not mix" if SANITIZED else cannot_trace(lanes[0].keeper())
            if forbidden:
                skip("killed at each step", f"killed by the clock alone: {forbidden}")
            began = time.monotonic()
            measured = {}
            if not at_all(lanes, measure_share, measured, not forbidden):
                return
            todo = queue.Queue()
            for one in plan(measured):
                todo.put(one)
            at_all(lanes, work_off, todo)
            note(f"{died} died; {sum(lane.lost for lane in lanes)} replies were lost and named; "
                 f"{time.monotonic() - began:.0f} seconds")
            check(died > 0, f"{died} keepers were killed")
            at_all(lanes, last_look)
            look_at_disk(shelf, lanes)
        finally:
            for lane in lanes:
                lane.stop()
                lane.gateway.discard()


main()
finish()
