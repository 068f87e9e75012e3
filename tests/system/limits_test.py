"""What a job may have of the machine, and what it is told when it needs more."""

import json
import os
import signal

import harness
from harness import case, until

# Takes so many MiB, touches each page, and says so.
TAKE = """
import sys, time
taken = bytearray(int(sys.argv[1]) << 20)
for page in range(0, len(taken), 4096):
    taken[page] = 1
print("took it all", flush=True)
time.sleep(float(sys.argv[2]))
"""


def take(home, mebibytes, seconds=0, memory="256m", **resources):
    return home.submit({"command": f"python take.py {mebibytes} {seconds}",
                        "resources": {"memory": memory, **resources}}, {"take.py": TAKE})


def limited_by(home, job):
    return home.show(job)["limits"]["by"]


@case
def a_job_beyond_its_memory_ends_as_out_of_memory_and_its_siblings_live(home):
    home.start()
    sibling = take(home, 50, 600)
    home.wait_for(sibling, "Running")
    greedy = take(home, 1500)
    ended = home.wait_for(greedy, *harness.ENDED)
    assert ended["state"] == "Failed", home.why(greedy)
    if not limited_by(home, greedy).startswith("cgroup"):
        return
    assert ended["cause"] == "out_of_memory", home.why(greedy)
    assert "more than its 256" in ended["error"], ended["error"]
    peak = ended["result"]["usage"]["memory_peak_bytes"]
    assert 100 << 20 < peak <= 256 << 20, peak
    assert ended["limits"]["memory_bytes"] == 256 << 20, ended["limits"]
    shown = home.cli("job", "show", greedy).out
    assert "out_of_memory" in shown, shown
    assert "took it all" in until(lambda: home.user_log(sibling), 10, "the sibling's log")
    assert home.show(sibling)["state"] == "Running", home.why(sibling)
    home.cli("job", "cancel", sibling)
    assert home.wait(sibling) == "Canceled", home.why(sibling)


@case
def a_job_within_its_memory_is_told_what_it_had(home):
    home.start()
    job = take(home, 64)
    assert home.wait(job) == "Completed", home.why(job)
    seen = home.show(job)
    assert seen["limits"]["memory_bytes"] == 256 << 20, seen["limits"]
    usage = seen["result"]["usage"]
    assert max(usage["rss_max_bytes"], usage.get("memory_peak_bytes", 0)) > 64 << 20, usage
    status, text = home.request("GET", f"/lazurite/v1/jobs/{job}/logs/system_logs/limits.txt")
    assert status == 200 and b"256" in text, text


@case
def nothing_of_a_job_outlives_it_or_its_runner(home):
    home.start()
    daemon = ("setsid env -i bash -c '(exec -a lazurite-daemon-%s sleep 1000) >/dev/null 2>&1 &' "
              "</dev/null; sleep %s")
    done = home.submit({"command": daemon % (os.getpid(), 0)})
    assert home.wait(done) == "Completed", home.why(done)
    assert not daemons(), daemons()
    lost = home.submit({"command": daemon % (os.getpid(), 600)})
    home.wait_for(lost, "Running")
    until(daemons, 10, "the daemon")
    os.kill(runner_of(home, lost), signal.SIGKILL)
    ended = home.wait_for(lost, *harness.ENDED)
    assert ended["cause"] == "runner_lost", home.why(lost)
    left = daemons()
    if limited_by(home, lost).startswith("cgroup"):
        assert not left, left
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def daemons():
    """Processes of this test that dropped all that tells where they are from."""
    name = f"lazurite-daemon-{os.getpid()}".encode()
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and open(f"/proc/{entry}/cmdline", "rb").read().startswith(name):
                found.append(int(entry))
        except OSError:
            continue
    return found


def runner_of(home, job):
    lock = home.path / "jobs" / job / "1/nodes/0/runner.lock"
    return json.loads(lock.read_text())["pid"]


if __name__ == "__main__":
    harness.main()
