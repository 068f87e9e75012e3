"""Jobs as processes: what they print, how they end, how many ranks they have, what they may touch."""

import os
import pathlib
import zipfile

import harness
from harness import case, until


@case
def a_jobs_output_arrives_byte_for_byte(home):
    home.start()
    script = "import sys\nsys.stdout.buffer.write(b'one\\r\\n\\x00\\xff two')\nsys.stderr.write('three')\n"
    job = home.submit({"command": "python -u print.py"}, {"print.py": script})
    assert home.wait(job) == "Completed", home.why(job)
    log = home.request("GET", f"/lazurite/v1/jobs/{job}/logs/user_logs/std_log.txt")[1]
    assert log == b"one\r\n\x00\xff twothree", log


@case
def a_jobs_exit_code_is_kept_and_submit_ends_with_seven(home):
    home.start()
    file = home.write("job.yml", {"command": "echo words; exit 5", "compute": "azureml:local",
                                  "environment": {"image": harness.PYTHON_IMAGE}})
    done = home.cli("submit", file, "--name", "five", code=7)
    assert "words" in done.out, done
    seen = home.show("five")
    assert (seen["state"], seen["exit_code"]) == ("Failed", 5), home.why("five")


@case
def a_bad_file_shows_every_problem_with_its_position(home):
    home.start()
    file = home.write("bad.yml", "command: echo\ncompute: azureml:local\n"
                                 "resources:\n  instance_cout: 2\nenvironmnt: azureml:x:1\n")
    done = home.cli("submit", file, code=2)
    for words in ("instance_count", ":4:3", "environment", ":5:1"):
        assert words in done.err, done


@case
def two_by_two_ranks_have_four_logs(home):
    home.start()
    script = "import os\nprint('RANK', os.environ['RANK'], 'of', os.environ['WORLD_SIZE'])\n"
    job = home.submit({"command": "python ranks.py", "resources": {"instance_count": 2},
                       "distribution": {"type": "pytorch", "process_count_per_instance": 2}},
                      {"ranks.py": script})
    assert home.wait(job) == "Completed", home.why(job)
    said = [home.user_log(job, f"user_logs/std_log_process_{rank}.txt") for rank in range(4)]
    assert said == [f"RANK {rank} of 4\n" for rank in range(4)], said


@case
def a_rank_that_dies_takes_the_others_down(home):
    home.start()
    script = ("import os, time\n"
              "if os.environ['RANK'] == '1': os._exit(9)\n"
              "time.sleep(600)\n")
    job = home.submit({"command": "python ranks.py", "resources": {"instance_count": 1},
                       "distribution": {"type": "pytorch", "process_count_per_instance": 2}},
                      {"ranks.py": script})
    assert home.wait(job) == "Failed", home.why(job)
    seen = home.show(job)
    assert "1" in seen["error"], home.why(job)
    assert not [line for _, line in home.processes() if "ranks.py" in line], home.processes()


@case
def a_canceled_job_leaves_no_process(home):
    home.start()
    command = "sh -c 'trap \"\" TERM; sleep 1234.5 & wait' & sleep 1234.5 & echo started; wait"
    job = home.submit({"command": command})
    home.wait_for(job, "Running")
    until(lambda: "started" in home.user_log(job), 20, "the job's first words")
    home.cli("stop", job, "--yes")
    assert home.wait(job) == "Canceled", home.why(job)
    assert not [line for _, line in home.processes() if "1234.5" in line], home.processes()


@case
def a_job_over_its_time_limit_fails_with_that_cause(home):
    home.start()
    job = home.submit({"command": "sleep 600", "limits": {"timeout": 1}})
    assert home.wait(job) == "Failed", home.why(job)
    assert home.show(job)["cause"] == "timeout", home.why(job)


@case
def jobs_that_do_not_fit_wait_with_a_reason(home):
    home.start()
    gate = home.work / "go"
    holders = [home.submit({"command": f"while [ ! -e {gate} ]; do sleep 0.05; done"})
               for _ in range(os.cpu_count())]
    for job in holders:
        home.wait_for(job, "Running")
    waiting = home.submit({"command": "echo late"})
    seen = until(lambda: (now := home.show(waiting))["reason"] and now, 10, "a reason to wait")
    assert seen["state"] == "Queued", seen
    gate.touch()
    assert home.wait(waiting) == "Completed", home.why(waiting)


@case
def a_job_cannot_change_the_shared_environment(home):
    home.start()
    if not home.get("/lazurite/v1/server").get("user_namespaces"):
        raise harness.Skip("user namespaces are not allowed here")
    wheel = home.work / "intruder-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("intruder.py", "")
        archive.writestr("intruder-1.0.dist-info/METADATA",
                         "Metadata-Version: 2.1\nName: intruder\nVersion: 1.0\n")
        archive.writestr("intruder-1.0.dist-info/WHEEL",
                         "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("intruder-1.0.dist-info/RECORD", "")
    job = home.submit({"command": f"python -m pip install --no-index {wheel}"})
    assert home.wait(job) == "Failed", home.why(job)
    assert "Read-only file system" in home.user_log(job), home.user_log(job)
    again = home.submit({"command": "python -c 'import importlib.util as u; print(u.find_spec(\"intruder\"))'"})
    assert home.wait(again) == "Completed", home.why(again)
    assert home.user_log(again) == "None\n", home.user_log(again)


@case
def a_read_only_input_cannot_be_deleted(home):
    home.start()
    data = pathlib.Path(home.write("data/one.txt", "1\n")).parent
    server = home.get("/lazurite/v1/server")
    if not server.get("user_namespaces"):
        raise harness.Skip("user namespaces are not allowed here")
    job = home.submit({
        "command": "ls ${{inputs.data}}; rm -r ${{inputs.data}}/one.txt; touch ${{inputs.data}}/two",
        "inputs": {"data": {"type": "uri_folder", "path": str(data), "mode": "ro_mount"}}})
    assert home.wait(job) == "Failed", home.why(job)
    assert home.user_log(job).count("Read-only file system") == 2, home.user_log(job)
    again = home.submit({"command": "cat ${{inputs.data}}/one.txt",
                         "inputs": {"data": {"type": "uri_folder", "path": str(data)}}})
    assert home.wait(again) == "Completed", home.why(again)
    assert home.user_log(again) == "1\n"


@case
def a_job_cannot_read_the_owners_token(home):
    home.start()
    if not home.get("/lazurite/v1/server").get("user_namespaces"):
        raise harness.Skip("user namespaces are not allowed here")
    token = (home.path / "tokens/owner").read_text().strip()
    job = home.submit({"command": f"cat {home.path}/tokens/* {home.path}/keys/*; "
                                  f"ls -l {home.path}/lazurite.db; echo end"})
    home.wait(job)
    log = home.user_log(job)
    assert "end" in log and token not in log and "PRIVATE" not in log, log


ASKING = """
import json, os, sys, urllib.error, urllib.parse, urllib.request

def ask(method, path, body=None):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + path, body, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"])
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            print(method, answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        print(method, error.code, error.read().decode())

home, workspace = sys.argv[1:]
owner = home + "/tokens/owner"
for uri in (owner, "file://" + owner, home, "file:///"):
    for route in ("files", "files/content"):
        ask("GET", f"/lazurite/v1/{route}?" + urllib.parse.urlencode({"uri": uri, "path": owner[1:]}))
ask("PUT", workspace + "/jobs/child?api-version=2024-04-01", b"{}")
ask("GET", workspace + "/jobs?api-version=2024-04-01")
logs = os.environ["LAZURITE_ATTEMPT"] + "/user_logs/"
os.symlink(owner, logs + "file.txt")
os.symlink(home + "/tokens", logs + "folder")
os.symlink(owner, "outputs/stolen.txt")
"""


@case
def a_jobs_own_token_opens_neither_the_home_nor_the_workspace(home):
    home.start()
    token = (home.path / "tokens/owner").read_text().strip()
    job = home.submit({"command": f"python ask.py {home.path} {harness.SCOPE}"}, {"ask.py": ASKING})
    assert home.wait(job) == "Completed", home.why(job)
    log = home.user_log(job)
    assert token not in log, log
    assert log.count("GET 403 ") == 8 and log.count("GET 200 ") == 1, log
    assert "PUT 403 " in log and "the owner's token" in log, log
    for path in ("file.txt", "folder/owner"):
        for query in ("", "?tail=5", "?follow=true"):
            status, body = home.request(
                "GET", f"/lazurite/v1/jobs/{job}/logs/user_logs/{path}{query}")
            assert status == 403 and token.encode() not in body, (path, query, status, body)
    artifact = f"/api/2.0/mlflow-artifacts/artifacts/ExperimentRun/dcid.{job}/outputs/stolen.txt"
    status, body = home.request("GET", artifact)
    assert status in (403, 404) and token.encode() not in body, (status, body)


@case
def nobody_is_given_the_home_as_data(home):
    home.start()
    for uri in (f"{home.path}/tokens/owner", f"file://{home.path}/keys", str(home.path)):
        status, body = home.request("GET", f"/lazurite/v1/files/content?uri={uri}&path=owner")
        assert status == 403 and b"only datastores" in body, (uri, status, body)
        for part in ({"inputs": {"d": {"jobInputType": "uri_folder", "uri": uri}}},
                     {"outputs": {"d": {"jobOutputType": "uri_folder", "uri": uri}}}):
            status, body = home.request(
                "PUT", f"{harness.SCOPE}/jobs/taker?api-version=2024-04-01",
                {"properties": {"jobType": "Command", "command": "true",
                                "environmentId": "azureml:AzureML-sklearn-1.5@latest", **part}})
            assert status == 403 and b"the server's" in body, (uri, status, body)
    whole = home.request("GET", "/lazurite/v1/files/content?uri=file:///&path="
                                f"{str(home.path)[1:]}/tokens/owner")
    assert whole[0] == 403, whole
    kept = home.work / "mine.txt"
    kept.write_text("mine")
    assert home.request("GET", f"/lazurite/v1/files/content?uri={kept}") == (200, b"mine")


@case
def an_output_is_found_again(home):
    home.start()
    job = home.submit({"command": "echo result > ${{outputs.out}}/file.txt; mkdir -p outputs; "
                                  "echo artifact > outputs/a.txt",
                       "outputs": {"out": {"type": "uri_folder"}}})
    assert home.wait(job) == "Completed", home.why(job)
    home.cli("job", "download", job, "--all", "--download-path", str(home.work / "got"))
    texts = {path.name: path.read_text() for path in (home.work / "got").rglob("*.txt")}
    assert texts["file.txt"] == "result\n" and texts["a.txt"] == "artifact\n", texts
    assert "std_log.txt" in texts, texts


@case
def links_out_of_a_code_folder_are_refused(home):
    home.start()
    code = pathlib.Path(home.write("code/main.py", "print('x')\n")).parent
    os.symlink("/etc/passwd", code / "stolen.txt")
    file = home.write("job.yml", {"command": "python main.py", "code": "code",
                                  "compute": "azureml:local",
                                  "environment": {"image": harness.PYTHON_IMAGE}})
    done = home.cli("job", "create", "-f", file, code=None)
    assert done.code != 0 and "stolen.txt" in done.err, done


if __name__ == "__main__":
    harness.main()
