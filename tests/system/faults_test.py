"""What is killed, and what must be true afterwards: one execution, no byte lost or doubled, the right end."""

import json
import os
import pathlib
import signal
import time

import harness
from harness import case, slow, until

# Notes that it runs, prints numbered lines, and goes on when the gate opens.
GATED = """
import os, pathlib, sys, time
work = pathlib.Path(sys.argv[1])
with open(work / "runs", "a") as file:
    file.write("run\\n")
for number in range(2000):
    print("line", number, flush=number % 100 == 0)
while not (work / "go").exists():
    time.sleep(0.02)
for number in range(2000, 3000):
    print("line", number)
sys.stdout.flush()
out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
for number in range(400 if out else 0):
    (out / f"{number}.txt").write_text(str(number))
sys.exit(int(os.environ.get("CODE", "0")))
"""
EXPECTED = "".join(f"line {number}\n" for number in range(3000))


def gated(home, **job):
    return home.submit({"command": f"python gated.py {home.work}", **job}, {"gated.py": GATED})


def must_have_run_once(home, job, state="Completed", code=0):
    ended = home.wait_for(job, *harness.ENDED, seconds=90)
    assert (ended["state"], ended["exit_code"]) == (state, code), home.why(job)
    assert (home.work / "runs").read_text() == "run\n", (home.work / "runs").read_text()
    assert home.user_log(job) == EXPECTED, f"{len(home.user_log(job))} bytes, not {len(EXPECTED)}"
    moves = [(row["from"], row["to"]) for row in ended["transitions"]]
    assert len(moves) == len(set(moves)), moves


def restart(home, away):
    home.kill()
    time.sleep(away)
    home.start()


@case
def killed_while_a_job_is_queued(home):
    home.start()
    hold = home.work / "hold"
    holders = [home.submit({"command": f"while [ ! -e {hold} ]; do sleep 0.05; done"})
               for _ in range(os.cpu_count())]
    for holder in holders:
        home.wait_for(holder, "Running")
    (home.work / "go").touch()
    job = gated(home)
    home.wait_for(job, "Queued")
    restart(home, 0)
    hold.touch()
    must_have_run_once(home, job)
    for holder in holders:
        assert home.wait(holder) == "Completed", home.why(holder)


@case
def killed_while_the_environment_is_built(home):
    uv = pathlib.Path(home.write("uv", "#!/bin/sh\n"
                                 f"while [ ! -e {home.work}/build ]; do sleep 0.05; done\n"
                                 f"exec {harness.ROOT}/.tools/bin/uv \"$@\"\n"))
    uv.chmod(0o755)
    home.environment["LAZURITE_UV"] = str(uv)
    home.start()
    (home.work / "go").touch()
    job = gated(home)
    home.wait_for(job, "Preparing")
    restart(home, 0.5)
    (home.work / "build").touch()
    must_have_run_once(home, job)


def killed_while_running(home, away, code):
    home.start()
    job = gated(home, environment_variables={"CODE": str(code)})
    home.wait_for(job, "Running")
    until((home.work / "runs").exists, 20, "the job's start")
    home.kill()
    time.sleep(away)
    (home.work / "go").touch()
    home.start()
    must_have_run_once(home, job, "Failed" if code else "Completed", code)


@case
def killed_while_a_job_runs(home):
    killed_while_running(home, 0, 3)


@case
def killed_while_a_job_ends(home):
    home.start()
    job = home.submit({"command": f"python gated.py {home.work} ${{{{outputs.out}}}}",
                       "outputs": {"out": {"type": "uri_folder", "mode": "upload"}}},
                      {"gated.py": GATED})
    home.wait_for(job, "Running")
    until((home.work / "runs").exists, 20, "the job's start")
    (home.work / "go").touch()
    home.wait_for(job, "Finalizing", *harness.ENDED)
    restart(home, 0)
    must_have_run_once(home, job)
    listing = home.get(f"/lazurite/v1/files?uri=azureml://jobs/{job}/outputs/out")
    assert len(listing["files"]) == 400, len(listing["files"])


@case
def the_job_ends_while_the_server_is_away(home):
    home.start()
    job = gated(home)
    until((home.work / "runs").exists, 20, "the job's start")
    home.kill()
    (home.work / "go").touch()
    until(lambda: not [one for one in home.processes() if "gated.py" in one[1]], 20, "the job's end")
    home.start()
    must_have_run_once(home, job)


@slow
def killed_for_twenty_seconds(home):
    killed_while_running(home, 20, 0)


@case
def a_killed_runner_is_a_lost_job_without_processes(home):
    home.start()
    job = gated(home)
    home.wait_for(job, "Running")
    until((home.work / "runs").exists, 20, "the job's start")
    lock = pathlib.Path(home.show(job)["folder"], "nodes/0/runner.lock")
    os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
    assert home.wait(job) == "Failed", home.why(job)
    assert home.show(job)["cause"] == "runner_lost", home.why(job)
    left = [line for _, line in home.processes() if "gated.py" in line]
    assert not left, left


@case
def a_graceful_stop_stops_no_job(home):
    home.start()
    job = gated(home)
    until((home.work / "runs").exists, 20, "the job's start")
    assert home.stop() == 0, home.log_tail()
    assert [line for _, line in home.processes() if "gated.py" in line]
    (home.work / "go").touch()
    home.start()
    must_have_run_once(home, job)


# Logs metrics over plain HTTP, as an MLflow client would, and says how long the slowest call took.
METRICS = """
import json, os, pathlib, sys, time, urllib.request
work, slowest = pathlib.Path(sys.argv[1]), 0
for step in range(int(sys.argv[2])):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "m", "value": step, "step": step,
            "timestamp": int(time.time() * 1000)}
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
        json.dumps(body).encode(), {"Content-Type": "application/json",
        "Authorization": "Bearer " + os.environ.get("MLFLOW_TRACKING_TOKEN", "")})
    begin = time.monotonic()
    urllib.request.urlopen(request, timeout=30).read()
    slowest = max(slowest, time.monotonic() - begin)
    (work / "step").write_text(str(step))
    time.sleep(float(sys.argv[3]))
print("slowest", round(slowest, 3))
"""


def metrics_while_away(home, steps, pause, away, call_s_max, script=METRICS, **job):
    job = home.submit({"command": f"python -u metrics.py {home.work} {steps} {pause}", **job},
                      {"metrics.py": script})
    step = home.work / "step"
    until(lambda: step.exists() and int(step.read_text() or 0) > 5, 30, "the first metrics")
    home.kill()
    time.sleep(away)
    home.start(port=harness.free_port())
    assert home.wait(job, seconds=steps * pause + 90) == "Completed", home.why(job)

    def points():
        answer = home.get(f"/api/2.0/mlflow/metrics/get-history?run_id={job}&metric_key=m"
                          f"&max_results=20000")
        return answer.get("metrics", [])

    until(lambda: len(points()) >= steps, 20, f"{steps} points, there are {len(points())}")
    assert sorted(int(point["step"]) for point in points()) == list(range(steps))
    slowest = float(home.user_log(job).split("slowest")[1])
    assert slowest < call_s_max, f"a log call took {slowest} s"


@case
def metrics_logged_while_the_server_is_away_arrive_once(home):
    home.start()
    metrics_while_away(home, steps=150, pause=0.02, away=1.5, call_s_max=0.5)


# The same with MLflow's client, whose version asks for its run before each call.
CLIENT_METRICS = """
import pathlib, sys, time
import mlflow
work, slowest = pathlib.Path(sys.argv[1]), 0
mlflow.start_run()
for step in range(int(sys.argv[2])):
    begin = time.monotonic()
    mlflow.log_metric("m", step, step=step)
    if step > 0:
        slowest = max(slowest, time.monotonic() - begin)
    (work / "step").write_text(str(step))
    time.sleep(float(sys.argv[3]))
print("slowest", round(slowest, 3))
"""
CLIENT = """
name: client
dependencies:
  - python=3.11
  - pip:
      - mlflow-skinny==3.1.4
"""


@case
def mlflows_client_logs_on_while_the_server_is_away(home):
    environment = {"image": harness.PYTHON_IMAGE, "conda_file": home.write("client.yml", CLIENT)}
    home.start()
    prepared = home.submit({"command": "python -c 'import mlflow'", "environment": environment})
    if home.wait(prepared, seconds=300) != "Completed":
        raise harness.Skip(f"mlflow-skinny cannot be installed here: {home.show(prepared)['cause']}")
    metrics_while_away(home, steps=250, pause=0.02, away=4, call_s_max=1.0,
                       script=CLIENT_METRICS, environment=environment)


@slow
def metrics_logged_while_the_server_is_away_for_ten_minutes_arrive_once(home):
    home.start()
    metrics_while_away(home, steps=7000, pause=0.1, away=600, call_s_max=0.1)


if __name__ == "__main__":
    harness.main()
