"""The whole way once: data, a training job with its environment, metrics, files, a model, plain MLflow."""

import json
import pathlib

import harness
from harness import case

EXAMPLE = harness.ROOT / "examples/fashion-mnist"
IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist")
FIVE_LINES = """import mlflow
with mlflow.start_run(run_name="by hand") as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("score", 0.5)
print(run.info.run_id)
"""


@case
def a_model_is_trained_kept_and_found_again(home):
    if not IMAGES.exists():
        raise harness.Skip("the images are not installed (make setup)")
    home.start()
    home.cli("data", "create", "-f", str(EXAMPLE / "data.yml"))
    first = home.cli("submit", str(EXAMPLE / "job.yml"), "--name", "first", "--set",
                     "inputs.epochs=1", timeout=300)
    assert "epoch 1/1" in first.out, first
    seen = home.show("first")
    assert seen["metrics"]["test_accuracy"] > 0.8 and seen["params"]["epochs"] == "1", seen
    assert seen["inputs"][0]["asset"].endswith("/data/fashion-mnist/versions/1"), seen["inputs"]

    shown = json.loads(home.cli("job", "show", "first", "-o", "json").out)
    assert (shown["name"], shown["status"]) == ("first", "Completed"), shown
    assert home.cli("job", "stream", "first").out == home.user_log("first")
    listed = home.cli("job", "list", "--query", "[?status=='Completed'].name", "-o", "tsv")
    assert listed.out.split() == ["first"], listed

    home.cli("job", "download", "first", "--output-name", "model", "--download-path",
             str(home.work / "got"))
    assert list((home.work / "got").rglob("MLmodel")), list((home.work / "got").rglob("*"))

    home.cli("model", "create", "--name", "clothes", "--type", "mlflow_model", "--path",
             "azureml://jobs/first/outputs/model")
    listed = home.cli("model", "list", "--query", "[].name", "-o", "tsv")
    assert listed.out.split() == ["clothes"], listed

    # The second run reuses the environment, and data that did not change is not stored again.
    second = home.cli("submit", str(EXAMPLE / "job.yml"), "--name", "second", "--set",
                      "inputs.epochs=1", timeout=120)
    assert home.show("second")["environment"]["was_reused"], second
    by_hand(home, seen["environment"]["folder"])


def by_hand(home, environment):
    """A script with plain `mlflow`, in no job, logs a run that the command line then lists."""
    script = home.write("five_lines.py", FIVE_LINES)
    done = home.cli("exec", "--", f"{environment}/bin/python", script)
    run = done.out.split()[-1]
    assert run in names(home), (run, names(home))
    seen = home.show(run)
    assert (seen["state"], seen["display_name"]) == ("Completed", "by hand"), seen
    assert (seen["metrics"], seen["params"]) == ({"score": 0.5}, {"depth": "3"}), seen


@case
def a_run_of_plain_mlflow_is_shown_archived_and_canceled_like_any_job(home):
    home.start()
    said = {"experiment_id": "0", "run_name": "by hand", "start_time": 1_700_000_000_000,
            "tags": [{"key": "team", "value": "blue"}]}
    run = mlflow(home, "runs/create", said)["run"]["info"]["run_id"]
    child = mlflow(home, "runs/create", {"experiment_id": "0", "tags": [
        {"key": "mlflow.parentRunId", "value": run}]})["run"]["info"]["run_id"]
    assert "by hand" in home.cli("job", "show", run).out
    assert home.show(run)["state"] == home.show(child)["state"] == "Running"
    assert names(home) == [run], names(home)
    queue = home.get("/lazurite/v1/queue")
    assert queue == {"running": [], "waiting": []}, queue

    home.cli("job", "cancel", "--name", run)
    assert home.wait(run, seconds=5) == "Canceled", home.show(run)
    info = home.get(f"/api/2.0/mlflow/runs/get?run_id={run}")["run"]["info"]
    assert info["status"] == "KILLED" and info["end_time"], info
    # The script, which knows nothing of it, goes on to its end.
    mlflow(home, "runs/update", {"run_id": run, "status": "FINISHED"})
    assert home.show(run)["state"] == "Canceled", home.show(run)

    home.cli("job", "archive", "--name", run)
    assert names(home) == [], names(home)
    home.cli("job", "restore", "--name", run)
    assert names(home) == [run], names(home)
    mlflow(home, "runs/delete", {"run_id": run})
    assert names(home) == [], names(home)


def mlflow(home, route, body):
    status, answer = home.request("POST", f"/api/2.0/mlflow/{route}", body)
    assert status == 200, (route, status, answer)
    return json.loads(answer)


def names(home):
    return home.cli("job", "list", "--query", "[].name", "-o", "tsv").out.split()


@case
def an_unknown_image_is_refused_with_what_it_needs(home):
    home.start()
    conda = home.write("env.yml", "dependencies:\n- r-base\n- pip:\n  - six\n")
    job = home.write("job.yml", "command: true\nenvironment:\n  image: pytorch/pytorch:latest\n"
                     f"  conda_file: {conda}\n")
    done = home.cli("submit", job, code=2)
    for words in ("podman", "host_fallback", "job.yml:3:10", "r-base", "env.yml:2:3"):
        assert words in done.err, done.err
    # What this machine finds by itself hides nothing of what the server finds.
    home.write("env.yml", "dependencies:\n- r-base\n- pip\n  - rich\n- pip:\n  - pandas =! 2\n")
    with open(job, "a", encoding="utf-8") as file:
        file.write("limits:\n  timeout: abc\n")
    done = home.cli("submit", job, code=2)
    for words in ("job.yml:3:10", "job.yml:6:12", "env.yml:2:3", "env.yml:3:3", "env.yml:6:12",
                  'did you mean "pip:"?', 'did you mean "pandas!=2"?'):
        assert done.err.count(words) == 1, done.err
    job = home.write("job.yml", "command: true\nenvironment: azureml:nosuch:1\nlimits: {timeout: a}\n")
    done = home.cli("submit", job, code=2)
    assert "job.yml:2:14" in done.err and "job.yml:3:19" in done.err, done.err
    assert not names(home), "nothing was submitted"


@case
def a_build_ends_with_the_cancel_and_with_the_jobs_time(home):
    pids = home.work / "children"
    uv = home.work / "uv"
    uv.write_text(f"#!/bin/sh\nsleep 300 &\necho $! >> {pids}\ntrap '' TERM\nwait; wait\n")
    uv.chmod(0o755)
    home.environment["LAZURITE_UV"] = str(uv)
    home.start()
    job = {"command": "true", "environment": {"image": harness.PYTHON_IMAGE}}
    late = home.submit({**job, "limits": {"timeout": 1}})
    assert home.wait(late) == "Failed", home.why(late)
    assert home.show(late)["cause"] == "timeout", home.show(late)
    canceled = home.submit(job)
    harness.until(lambda: len(pids.read_text().split()) > 1, what="the second build")
    home.cli("job", "cancel", canceled)
    assert home.wait(canceled) == "Canceled", home.why(canceled)
    for pid in pids.read_text().split():
        assert not pathlib.Path(f"/proc/{pid}/exe").exists(), "a child of the build lives on"


@case
def a_failed_build_fails_the_job_with_the_resolvers_words(home):
    conda = home.write("env.yml", "dependencies:\n- pip:\n  - surely-no-such-package-9z==1\n")
    home.start()
    job = home.submit({"command": "true", "environment": {"image": harness.PYTHON_IMAGE,
                                                          "conda_file": conda}})
    assert home.wait(job) == "Failed", home.why(job)
    seen = home.show(job)
    assert seen["cause"] == "environment", seen
    assert "surely-no-such-package-9z" in seen["error"], seen["error"]


if __name__ == "__main__":
    harness.main()
