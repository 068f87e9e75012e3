#!/usr/bin/env python3
"""`lazurite run`: a job of an ordinary git folder without a file; what git knows of it; schemas, the SDK's variables."""

import json
import os
import pathlib
import shutil
import subprocess

import harness

# Git reads nothing of the machine's own configuration.
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "a",
       "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
       "GIT_COMMITTER_EMAIL": "a@example.org"}


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, env={**os.environ, **GIT}, check=True,
                          capture_output=True)
    return done.stdout.decode().strip()


def project(home, name="project"):
    """A committed folder with a script."""
    if not shutil.which("git"):
        raise harness.Skip("there is no git on PATH")
    home.environment.update(GIT)
    folder = home.work / name
    folder.mkdir()
    (folder / "train.py").write_text("import sys\nprint('trained', *sys.argv[1:])\n")
    (folder / ".gitignore").write_text("*.ckpt\n")
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "remote", "add", "origin", "https://ada:secret@git.example/ada/p.git")
    return folder


@harness.case
def a_folder_runs_without_a_file_and_the_job_keeps_commit_and_diff(home):
    home.start()
    folder = project(home)
    (folder / "train.py").write_text("import sys\nprint('better', *sys.argv[1:])\n")
    (folder / "notes.txt").write_text("untracked\n")
    done = home.cli("run", "--name", "first", "--", "python3", "train.py", "--lr", "0.1", "a b", cwd=folder)
    assert done.out == "better --lr 0.1 a b\n", done
    assert "this shell's Python as it is" in done.err, done
    shown = home.cli("job", "show", "first").out
    commit = git(folder, "rev-parse", "HEAD")
    assert f"{commit[:12]} on trunk, with changes  of https://git.example/ada/p.git" in shown, shown
    assert "1 file, +1 -1  lazurite job diff first" in shown, shown
    assert "secret" not in home.cli("job", "show", "first", "-o", "json").out
    facts = json.loads(home.cli("job", "show", "first", "-o", "json", "--query", "properties").out)
    assert facts["azureml.git.commit"] == facts["mlflow.source.git.commit"] == commit, facts
    assert facts["azureml.git.dirty"] == "True", facts
    run = home.get("/api/2.0/mlflow/runs/get?run_id=first")["run"]
    assert {"key": "mlflow.source.git.commit", "value": commit} in run["data"]["tags"], run
    # The diff brings the tree back to what the job ran.
    patch = home.cli("job", "diff", "first").out
    git(folder, "checkout", "-q", ".")
    subprocess.run(["git", "apply"], cwd=folder, input=patch.encode(), check=True)
    assert "better" in (folder / "train.py").read_text()


@harness.case
def a_clean_folder_says_so_and_one_outside_of_git_says_nothing(home):
    home.start()
    folder = project(home)
    home.cli("run", "--name", "clean", "--", "true", cwd=folder)
    facts = json.loads(home.cli("job", "show", "clean", "-o", "json", "--query", "properties").out)
    assert facts["azureml.git.dirty"] == "False" and "lazurite.git.diff" not in facts, facts
    assert home.cli("job", "diff", "clean").out == ""
    bare = home.work / "bare"
    bare.mkdir()
    (bare / "x.sh").write_text("echo hi\n")
    assert home.cli("run", "--name", "bare", "--", "sh", "x.sh", cwd=bare).out == "hi\n"
    assert "commit" not in home.cli("job", "show", "bare").out
    # Without git on PATH nothing is missing but the facts.
    tools = home.work / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(shutil.which("python3"))
    home.environment["PATH"] = str(tools)
    assert home.cli("run", "--name", "nogit", "--", "/bin/echo", "there", cwd=folder).out == "there\n"


@harness.case
def submitted_files_keep_the_git_facts_too(home):
    home.start()
    folder = project(home)
    job = home.write("project/job.yml", {"command": "cat train.py", "code": ".",
                                         "environment": {"image": harness.PYTHON_IMAGE,
                                                         "properties": {"lazurite.python": "host"}}})
    home.cli("submit", job, "--name", "filed", cwd="/")
    facts = json.loads(home.cli("job", "show", "filed", "-o", "json", "--query", "properties").out)
    assert facts["azureml.git.branch"] == "trunk", facts
    assert facts["azureml.git.dirty"] == "True", facts  # job.yml is untracked


@harness.case
def the_exit_code_and_ctrl_c_are_those_of_submit(home):
    home.start()
    folder = project(home)
    failed = home.cli("run", "--name", "bad", "--", "python3", "-c", "raise SystemExit(3)", code=7, cwd=folder)
    assert "job bad failed" in failed.err, failed
    detached = home.cli("run", "-d", "-o", "model", "--name", "away", "--query", "name", "--output", "tsv",
                        "--", "sh -c 'echo x > ${{outputs.model}}/y'", cwd=folder)
    assert detached.out == "away\n", detached
    assert home.wait("away") == "Completed", home.why("away")
    missing = home.cli("run", "-i", "data=./none", "--", "true", code=2, cwd=folder)
    assert "--input data" in missing.err and "does not exist" in missing.err, missing
    home.cli("run", code=2, cwd=folder)


@harness.case
def inputs_outputs_and_variables_reach_the_command(home):
    home.start()
    folder = project(home)
    (folder / "images").mkdir()
    (folder / "images/a.txt").write_text("picture")
    done = home.cli("run", "-i", "data=./images", "lr=0.1", "-i", "name=a b", "--env", "WORD=x y", "--", "sh", "-c",
                    "cat $0/a.txt; echo; echo $WORD $1 $2", "${{inputs.data}}", "${{inputs.lr}}",
                    "${{inputs.name}}", cwd=folder)
    assert done.out == "picture\nx y 0.1 a b\n", done


@harness.case
def a_saved_job_is_the_same_job(home):
    home.start()
    folder = project(home)
    dry = home.cli("run", "--save", "jobs/job.yml", "--dry-run", "-i", "lr=0.1", "--env", "A=1", "--",
                   "python3", "train.py", "${{inputs.lr}}", code=None, cwd=folder)
    assert dry.code != 0, dry  # no such folder
    (folder / "jobs").mkdir()
    home.cli("run", "--save", "jobs/job.yml", "--dry-run", "-i", "lr=0.1", "--env", "A=1", "--",
             "python3", "train.py", "${{inputs.lr}}", cwd=folder)
    text = (folder / "jobs/job.yml").read_text()
    assert text.startswith("$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n"), text
    assert "code: ..\n" in text, text
    assert home.cli("submit", "jobs/job.yml", cwd=folder).out == "trained 0.1\n"
    again = home.cli("run", "--save", "jobs/job.yml", "--dry-run", "--", "true", code=5, cwd=folder)
    assert "exists already" in again.err, again
    # Azure ML's client takes the file, where this machine has it.
    schema = json.loads(home.cli("schema", "commandJob").out)
    try:
        import jsonschema
        import yaml
    except ImportError:
        return
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator.check_schema(json.loads(home.cli("schema", "all").out))
    jsonschema.validate(yaml.safe_load(text), schema)


@harness.case
def requirements_build_an_environment_once(home):
    home.start()
    folder = project(home)
    (folder / "requirements.txt").write_text("# nothing but Python\n")
    done = home.cli("run", "-e", "requirements.txt", "--name", "built", "--", "python", "-c",
                    "import sys; print(sys.prefix)", code=None, cwd=folder, timeout=300)
    if done.code != 0 and "uv, which makes" in home.why("built"):
        raise harness.Skip("there is no uv on this machine")
    assert done.out.strip().startswith(str(home.path / "envs")), f"{done}\n{home.why('built')}"


@harness.case
def a_shells_own_environment_is_the_jobs(home):
    home.start()
    folder = project(home)
    own = home.work / "venv"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(own)], check=True)
    home.environment["PATH"] = f"{own}/bin:{home.environment['PATH']}"
    done = home.cli("run", "--", "python", "-c", "import os, sys; print(sys.prefix, os.environ['VIRTUAL_ENV'])",
                    cwd=folder)
    assert done.out == f"{own} {own}\n", done
    shutil.rmtree(own)
    gone = home.cli("run", "-e", "host", "--save", "job.yml", "--dry-run", "--", "true", cwd=folder)
    assert "as it is" in gone.err, gone
    text = (folder / "job.yml").read_text().replace("lazurite.python:", "lazurite.python: /no/python #")
    (folder / "job.yml").write_text(text)
    refused = home.cli("submit", "job.yml", "--name", "gone", code=None, cwd=folder)
    assert refused.code in (2, 5, 7) and "/no/python" in refused.err, refused


@harness.case
def the_variables_are_written_and_taken_away(home):
    home.start()
    home.environment["MLFLOW_TRACKING_URI"] = "azureml://westeurope.api.azureml.ms/x"
    out = home.cli("env")
    assert "replaces what this shell has in MLFLOW_TRACKING_URI" in out.err, out
    script = f"{out.out}{home.cli('env', '--unset').out}env"
    left = subprocess.run(["sh", "-c", script], env=home.environment, capture_output=True, text=True, check=True)
    assert "MLFLOW_TRACKING" not in left.stdout, left.stdout
    values = json.loads(home.cli("env", "--format", "json").out)
    lines = home.cli("env", "--format", "dotenv").out.splitlines()
    assert len(lines) == len(values) and f'MLFLOW_TRACKING_URI="{values["MLFLOW_TRACKING_URI"]}"' in lines
    home.cli("env", "--unset", "--format", "json", code=2)


@harness.case
def a_jupyter_kernel_has_the_variables_and_no_secret(home):
    home.start()
    home.environment["JUPYTER_DATA_DIR"] = str(home.work / "jupyter")
    file = pathlib.Path(home.cli("env", "--jupyter").out.strip())
    kernel = json.loads(file.read_text())
    assert (home.path / "tokens/owner").read_text().strip() not in file.read_text()
    at = kernel["argv"].index("--")
    words = kernel["argv"][:at + 1] + ["sh", "-c", "echo $MLFLOW_TRACKING_URI"]
    said = subprocess.run(words, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    assert said.stdout == f"http://127.0.0.1:{home.port}\n", said
    home.cli("env", "--jupyter", "--unset")
    assert not file.exists()


@harness.case
def editors_get_their_schema_and_keep_their_comments(home):
    settings = home.work / ".vscode/settings.json"
    home.cli("schema", "install")
    assert json.loads(settings.read_text()) == {"yaml.schemas": {"./.vscode/lazurite.schema.json": ["*.yml", "*.yaml"]}}
    before = settings.read_text()
    home.cli("schema", "install")
    assert settings.read_text() == before
    settings.write_text("{\n    // mine\n    \"a\": 1, /* and */\n}\n")
    home.cli("schema", "install")
    assert "// mine" in settings.read_text() and "/* and */" in settings.read_text()
    settings.write_text("broken {\n")
    refused = home.cli("schema", "install", code=5)
    assert '"yaml.schemas"' in refused.err and settings.read_text() == "broken {\n", refused
    home.cli("schema", "nothing", code=3)


if __name__ == "__main__":
    harness.main()
