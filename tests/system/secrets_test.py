"""Secrets reach the job that names them and are found nowhere else; people come in by tokens of their own."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess

import harness
from harness import case

VALUE = "hf_Qz7-not-for-logs-41"
PEM = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\nabc\n-----END KEY-----"
SCRIPT = """import json, os, sys, time, urllib.request
token = os.environ["HF_TOKEN"]
assert token == os.environ["BEARER"].removeprefix("Bearer ") and len(token) == LENGTH
print("token", token)
for piece in token:
    sys.stdout.write(piece)
    sys.stdout.flush()
print()
print(os.environ["PEM"], file=sys.stderr)
def log(call, **body):
    body["run_id"] = os.environ["MLFLOW_RUN_ID"]
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/" + call,
        json.dumps(body).encode(), {"Content-Type": "application/json",
        "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    urllib.request.urlopen(request).read()
log("log-parameter", key="token", value="is " + token)
log("set-tag", key="tag", value=token)
log("log-batch", params=[{"key": "second", "value": token}], tags=[{"key": "other", "value": token * 2}],
    metrics=[{"key": "m", "value": 1, "timestamp": 1, "step": 0}])
print("told", flush=True)
while not os.path.exists(os.environ["GO"]):
    time.sleep(0.02)
"""
MAKE_RUN = """import json, os, urllib.request as http
http.urlopen(http.Request(os.environ['MLFLOW_TRACKING_URI'] + '/api/2.0/mlflow/runs/create',
    json.dumps({'run_name': 'inner'}).encode(), {'Content-Type': 'application/json',
    'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']}))"""


def places_with(folder, needles):
    """Files below `folder` that hold one of the texts; links are not followed."""
    found = []
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                text = file.read()
            found += [f"{path}: {needle!r}" for needle in needles if needle in text]
    return found


def needles():
    texts = [VALUE.encode(), b"MIIBVgIBADANBgkqhkiG9w0B"]
    return texts + [base64.b64encode(text)[:-3] for text in texts]


def command_lines():
    return subprocess.run(["ps", "axww", "-o", "args="], capture_output=True, check=True).stdout


def set_secrets(home):
    done = home.cli("secret", "set", "HF_TOKEN", stdin=VALUE + "\n")
    assert VALUE not in done.out + done.err and "HF_TOKEN" in done.err, done
    home.cli("secret", "set", "PEM", stdin=PEM)


@case
def a_secret_reaches_its_job_and_is_found_nowhere_else(home):
    home.start("--log-level", "debug")
    set_secrets(home)
    go = home.work / "go"
    variables = {"HF_TOKEN": "${{secrets.HF_TOKEN}}", "BEARER": "Bearer ${{ secrets.HF_TOKEN }}",
                 "PEM": "${{secrets.PEM}}", "GO": str(go)}
    job = home.submit({"command": "python3 train.py", "environment_variables": variables},
                      files={"train.py": SCRIPT.replace("LENGTH", str(len(VALUE)))}, name="shy")
    harness.until(lambda: home.show(job)["state"] in ("Running", *harness.ENDED), 60, "its start")
    harness.until(lambda: "told" in home.user_log(job) or home.show(job)["state"] != "Running", 60,
                  "the last line")
    # While it runs, and after.
    assert home.show(job)["state"] == "Running", home.why(job)
    assert not any(needle in command_lines() for needle in needles())
    assert not places_with(home.folder, needles()), places_with(home.folder, needles())
    go.touch()
    assert home.wait(job) == "Completed", home.why(job)
    log = home.user_log(job)
    assert "token ***\n***\n" in log and "***\n***\nabc\n***\n" in log, log
    seen = home.show(job)
    assert seen["params"] == {"token": "is ***", "second": "***"}, seen["params"]
    assert not places_with(home.folder, needles()), places_with(home.folder, needles())
    answer = home.request("GET", f"{harness.SCOPE}/jobs/{job}")[1]
    assert b"${{secrets.HF_TOKEN}}" in answer and VALUE.encode() not in answer, answer
    for folder in (home.path / "jobs").rglob("secrets"):
        raise AssertionError(f"{folder} was left")


@case
def a_copy_of_the_database_opens_no_secret(home):
    home.start()
    set_secrets(home)
    home.stop()
    shutil.rmtree(home.path / "keys")
    home.start()
    job = home.submit({"command": "true", "environment_variables": {"T": "${{secrets.PEM}}"}})
    assert home.wait(job) == "Failed"
    assert "set it again with: lazurite secret set PEM" in home.show(job)["error"], home.show(job)


@case
def an_unknown_secret_is_shown_at_its_place_in_the_file(home):
    home.start()
    set_secrets(home)
    file = home.write("job.yml", "command: env\nenvironment:\n  image: python:latest\n"
                                 "environment_variables:\n  A: x\n  HF: ${{secrets.HF_TOKN}}\n")
    done = home.cli("job", "create", "-f", file, code=2)
    assert "job.yml:6:7" in done.err and 'did you mean "HF_TOKEN"?' in done.err, done
    assert home.cli("secret", "list", "--query", "[].name", "-o", "tsv").out.split() == [
        "HF_TOKEN", "PEM"]
    home.cli("secret", "delete", "PEM", "--yes")
    home.cli("secret", "delete", "PEM", "--yes", code=3)
    home.cli("secret", "set", "no good", stdin="x", code=2)
    home.cli("secret", "set", "EMPTY", stdin="", code=2)


@case
def a_killed_server_leaves_no_secrets_behind(home):
    home.start()
    set_secrets(home)
    job = home.submit({"command": "sleep 0.3; echo $T", "environment_variables": {
        "T": "${{secrets.HF_TOKEN}}"}})
    home.kill()
    home.start()
    assert home.wait(job) == "Completed", home.why(job)
    assert home.user_log(job) == "***\n"
    assert not places_with(home.folder, needles()), places_with(home.folder, needles())


@case
def credentials_that_an_older_program_kept_are_sealed_at_the_next_start(home):
    home.start()
    body = {"properties": {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c",
                           "credentials": {"credentialsType": "AccountKey", "secrets": {
                               "secretsType": "AccountKey", "key": VALUE}}}}
    assert home.request("PUT", f"{harness.SCOPE}/datastores/old", body)[0] == 201
    assert not places_with(home.path, needles()), places_with(home.path, needles())
    home.stop()
    with sqlite3.connect(home.path / "lazurite.db") as database:
        database.execute("UPDATE resources SET properties = ? WHERE name = 'old'",
                         [json.dumps(body["properties"])])
    database.close()
    home.start()
    status, answer = home.request("POST", f"{harness.SCOPE}/datastores/old/listSecrets", {})
    assert (status, json.loads(answer)["key"]) == (200, VALUE), answer
    assert VALUE.encode() not in home.request("GET", f"{harness.SCOPE}/datastores/old")[1]
    home.stop()
    assert not places_with(home.path, needles()), places_with(home.path, needles())


@case
def people_come_in_by_tokens_of_their_own(home):
    home.start()
    made = home.cli("token", "create", "--user", "ada", "--expires", "30d")
    token = made.out.strip()
    assert token.startswith("lzu_") and "shown this once" in made.err, made
    assert not places_with(home.path, [token.encode()]), "the token is kept"
    as_ada = {"Authorization": f"Bearer {token}"}
    job = {"properties": {"jobType": "Command", "command": f'python3 -c "{MAKE_RUN}"',
                          "environmentId": "azureml:e:1"}}
    home.request("PUT", f"{harness.SCOPE}/environments/e/versions/1", {
        "properties": {"image": harness.PYTHON_IMAGE}}, headers=as_ada)
    status, answer = home.request("PUT", f"{harness.SCOPE}/jobs/hers", job, headers=as_ada)
    assert status == 201 and json.loads(answer)["systemData"]["createdBy"] == "ada", answer
    home.submit({"command": "echo hi"}, name="mine")
    for name in ("hers", "mine"):
        assert home.wait(name) == "Completed", home.why(name)
    listed = home.cli("job", "list", "--created-by", "ada", "--query", "[].name", "-o", "tsv")
    # What her job makes is hers too.
    assert len(listed.out.split()) == 2 and "hers" in listed.out.split(), listed
    assert "ada" in home.cli("job", "list", "-o", "table").out
    assert "BY" not in home.cli("job", "list", "--created-by", "ada", "-o", "table").out

    # What is the owner's: tokens, secrets that somebody else has set, files of the machine.
    set_secrets(home)
    for method, path, body in (("GET", "/lazurite/v1/tokens", None),
                               ("POST", "/lazurite/v1/tokens", {"user": "bob"}),
                               ("POST", "/Lazurite/v1/tokens", {"user": "bob"}),
                               ("POST", "//lazurite/v1/tokens", {"user": "bob"}),
                               ("PUT", "/lazurite/v1/secrets/PEM", {"value": "mine now"}),
                               ("DELETE", "/lazurite/v1/secrets/PEM", None),
                               ("GET", "/lazurite/v1/files?uri=file:///etc", None)):
        assert home.request(method, path, body, headers=as_ada)[0] == 403, (method, path)
    assert home.request("PUT", "/lazurite/v1/secrets/HERS", {"value": "x" * 8},
                        headers=as_ada)[0] == 201
    assert b"xxxxxxxx" not in home.request("GET", "/lazurite/v1/secrets", headers=as_ada)[1]

    tokens = json.loads(home.cli("token", "list", "-o", "json").out)
    assert [(one["user"], bool(one["expires"]), bool(one["last_used"])) for one in tokens] == [
        ("ada", True, True)], tokens
    home.kill()
    home.start()
    assert home.request("GET", "/lazurite/v1/queue", headers=as_ada)[0] == 200
    home.cli("token", "revoke", tokens[0]["id"])
    assert home.request("GET", "/lazurite/v1/queue", headers=as_ada)[0] == 401
    home.cli("token", "revoke", tokens[0]["id"], code=3)
    home.cli("token", "create", "--user", "two words", code=2)


if __name__ == "__main__":
    harness.main()
