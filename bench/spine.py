"""Speed and size of the spine: start, submission, queue, logs, uploads, lists.

usage: bench/spine.py [PART...]     parts: start submit queue logs uploads list help (all without one)

Each line: what, figure, the bound it is held against, the load of the machine when it was measured.
"""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from home import BINARY, VERSION, WORKSPACE, Home, load, percentile


def say(what, figure, bound):
    print("%-58s %-26s %-22s load %.1f" % (what, figure, bound, load()), flush=True)


def milliseconds(values):
    return "p50 %.1f ms, p99 %.1f ms" % (
        percentile(values, 0.5) * 1e3,
        percentile(values, 0.99) * 1e3,
    )


def start():
    times = []
    for _ in range(5):
        home = Home()
        times.append(home.start())
        home.close()
    say("cold start to ready, first start of a home, best of 5", "%.0f ms" % (min(times) * 1e3), "<= 50 ms")
    home = Home()
    home.start()
    home.stop()
    times = []
    for _ in range(5):
        times.append(home.start())
        home.stop()
    say("cold start to ready, a home that exists, best of 5", "%.0f ms" % (min(times) * 1e3), "<= 50 ms")
    home.start()
    time.sleep(2)
    say("idle resident memory", "%.1f MiB" % home.rss_mib(), "<= 30 MB")
    home.close()


def submit():
    home = Home()
    home.start()
    home.add_environment()
    home.submit("warm-up", "true")
    home.wait("warm-up")
    times = []
    for i in range(200):
        name = "submit-%d" % i
        sent = time.time()
        home.submit(name, "echo $EPOCHREALTIME")
        view = home.wait(name)
        log = pathlib.Path(view["folder"], "user_logs/std_log.txt").read_text()
        times.append(float(log) - sent)
    say("submit to first instruction, 200 jobs", milliseconds(times), "p50 <= 15, p99 <= 50")
    home.close()


def queue():
    count = 10_000
    home = Home()
    home.start()
    home.add_environment()
    begin = time.perf_counter()
    for i in range(count):
        home.submit("queue-%d" % i, "true")
    submitted = time.perf_counter() - begin
    waiting = len(home.ask("GET", "/lazurite/v1/queue")["waiting"])
    before, cpu = home.rss_mib(), home.cpu_seconds()
    done = finished(home)
    drained = time.perf_counter()
    while finished(home) < count:
        time.sleep(0.25)
    rate = (count - done) / (time.perf_counter() - drained)
    say("submissions", "%.0f /s (%d waiting)" % (count / submitted, waiting), "")
    say("trivial jobs finished", "%.0f /s" % rate, ">= 100 /s")
    say("server's CPU for one job", "%.2f ms" % ((home.cpu_seconds() - cpu) * 1e3 / (count - done)), "")
    say("memory before and after the queue", "%.0f, %.0f MiB" % (before, home.rss_mib()), "flat")
    home.close()


def finished(home):
    """How many jobs have ended, by the server's own database."""
    database = sqlite3.connect("file:%s/lazurite.db?mode=ro" % home.folder, uri=True)
    try:
        return database.execute(
            "SELECT COUNT(*) FROM jobs WHERE state IN ('Completed', 'Failed', 'Canceled')"
        ).fetchone()[0]
    finally:
        database.close()


def logs():
    home = Home()
    home.start()
    home.add_environment()
    home.submit("talk", "for i in $(seq 400); do echo $EPOCHREALTIME; sleep 0.02; done")
    answer = home.open("GET", "/lazurite/v1/jobs/talk/logs/user_logs/std_log.txt?follow=true")
    times = []
    while line := answer.readline():
        times.append(time.time() - float(line))
    say("log line written to received, %d lines" % len(times), milliseconds(times), "p50 <= 20, p99 <= 100")
    home.close()


def timed(command, **options):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - begin


def create_data(home, name, path, kind):
    command = [BINARY, "data", "create", "--name", name, "--path", path, "--type", kind]
    return timed(command, env=home.environment())


def uploads():
    folder = tempfile.mkdtemp(prefix="lazurite-bench-data-")
    home = Home()
    home.start()
    many = os.path.join(folder, "many")
    for i in range(10_000):
        os.makedirs(os.path.join(many, "%03d" % (i // 100)), exist_ok=True)
        pathlib.Path(many, "%03d" % (i // 100), "%05d.txt" % i).write_bytes(os.urandom(512) * 4)
    large = os.path.join(folder, "large.bin")
    with open(large, "wb") as file:
        for _ in range(64):
            file.write(os.urandom(16 << 20))
    os.sync()
    copy = os.path.join(folder, "copy")
    for what, path, kind, share in (("1 GiB", large, "uri_file", 0.8), ("10 000 files", many, "uri_folder", 0.5)):
        peers, ours = [], []
        for i in range(3):
            subprocess.run(["rm", "-rf", copy], check=True)
            peers.append(timed("cp -r %s %s && sync" % (path, copy), shell=True))
            # A changed file makes it another upload.
            touched = path if kind == "uri_file" else os.path.join(path, "000/00000.txt")
            with open(touched, "r+b") as file:
                file.write(os.urandom(16))
            if kind == "uri_folder":
                for sub in pathlib.Path(many).glob("*/*"):
                    with open(sub, "r+b") as file:
                        file.write(os.urandom(16))
            os.sync()
            ours.append(create_data(home, "d%d-%s" % (i, kind.replace("_", "-")), path, kind))
        say(
            "upload of %s" % what,
            "%.2f s, cp and sync %.2f s: %.2f x" % (min(ours), min(peers), min(peers) / min(ours)),
            ">= %.1f x" % share,
        )
    again = min(create_data(home, "again-%d" % i, many, "uri_folder") for i in range(3))
    say("the same 10 000 files again", "%.0f ms" % (again * 1e3), "<= 100 ms")
    home.close()
    shutil.rmtree(folder)


def list_jobs():
    home = Home()
    home.start()
    home.add_environment()
    home.submit("template", "true")
    home.wait("template")
    home.stop()
    database = sqlite3.connect(os.path.join(home.folder, "lazurite.db"))
    columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)")]
    row = dict(zip(columns, database.execute("SELECT * FROM jobs WHERE name = 'template'").fetchone()))
    marks = ", ".join(":" + column for column in columns)
    database.executemany(
        "INSERT INTO jobs (%s) VALUES (%s)" % (", ".join(columns), marks),
        (dict(row, name="copy-%06d" % i, sequence=row["sequence"] + 1 + i) for i in range(100_000)),
    )
    database.commit()
    database.close()
    home.start()
    times = []
    for _ in range(30):
        begin = time.perf_counter()
        page = home.ask("GET", WORKSPACE + "/jobs" + VERSION + "&$top=100")
        times.append(time.perf_counter() - begin)
    assert len(page["value"]) == 100, len(page["value"])
    say("list of 100 from 100 000 jobs, at the server", milliseconds(times), "<= 10 ms")
    wall = min(timed([BINARY, "job", "list"], env=home.environment()) for _ in range(5))
    say("lazurite job list", "%.0f ms" % (wall * 1e3), "")
    home.close()


def show_help():
    say("lazurite --help, best of 20", "%.1f ms" % (min(timed([BINARY, "--help"]) for _ in range(20)) * 1e3), "<= 10 ms")


PARTS = {
    "start": start,
    "submit": submit,
    "queue": queue,
    "logs": logs,
    "uploads": uploads,
    "list": list_jobs,
    "help": show_help,
}


def main():
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        sys.exit(__doc__)
    for part in chosen:
        PARTS[part]()


if __name__ == "__main__":
    main()
