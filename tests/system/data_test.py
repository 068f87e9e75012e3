#!/usr/bin/env python3
"""Data that is used where it lies: nothing is copied, and the next job is told what has changed."""

import json
import os
import shutil
import subprocess
import time

import harness
from harness import case, slow, until

GIB = 1 << 30


def tree(home, name="data"):
    folder = home.work / name
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("1234567890")
    (folder / "sub/b.csv").write_text("bb")
    return folder


def used_bytes(folder):
    return int(subprocess.run(["du", "-s", "-B1", str(folder)], capture_output=True, text=True,
                              check=True).stdout.split()[0])


def shown(home, name, version="1"):
    return json.loads(home.cli("data", "show", "--name", name, "--version", version, "-o", "json").out)["in_place"]


def hashed(home, name, version="1"):
    return until(lambda: (seen := shown(home, name, version))["hashes"]["is_done"] and seen, 30, "the hashes")


def read(home, data, command="cat ${{inputs.training}}/a.csv", mode=None, **more):
    given = {"type": "uri_folder", "path": data, **({"mode": mode} if mode else {})}
    job = home.submit({"command": command, "inputs": {"training": given}, **more})
    home.wait(job)
    return job


def notes(home, job):
    return [note for note in home.show(job)["notes"] if "input training" in json.dumps(note)]


@case
def a_sparse_tree_of_100_gb_is_registered_in_place_within_seconds(home):
    home.start()
    folder = tree(home)
    for i in range(10):
        with (folder / f"part{i}.bin").open("wb") as file:
            file.truncate(10 * GIB)
    before = used_bytes(home.path)
    began = time.monotonic()
    done = home.cli("data", "create", "--in-place", "--name", "big", "--path", "data")
    assert time.monotonic() - began < 5, time.monotonic() - began
    assert f"registered {folder} in place: 12 files, 100 GiB; nothing was copied" in done.err, done
    assert used_bytes(home.path) - before < 4 << 20, "something was copied"
    seen = shown(home, "big")
    assert (seen["files"], seen["bytes"]) == (12, 100 * GIB + 12), seen
    assert seen["place"] == str(folder) and seen["now"]["changed"] == 0, seen
    until(lambda: shown(home, "big")["hashes"]["bytes"] > 10, 30, "the hashes' progress")
    job = read(home, "azureml:big:1", "ls -l ${{inputs.training}}/part9.bin | tr -s ' ' | cut -d' ' -f5")
    assert home.user_log(job) == f"{10 * GIB}\n", home.why(job)
    assert not notes(home, job)
    began = time.monotonic()
    assert home.stop() == 0
    assert time.monotonic() - began < 10, "the hashes held up the server's end"


@case
def a_changed_file_is_told_in_the_next_job_and_a_touch_is_not(home):
    home.start()
    folder = tree(home)
    home.cli("data", "create", "--name", "d", "--path", f"file://{folder}")
    hashed(home, "d")
    (folder / "sub/b.csv").touch()
    job = read(home, "azureml:d:1")
    assert home.user_log(job) == "1234567890" and not notes(home, job), home.why(job)
    (folder / "a.csv").write_text("123456789012")
    (folder / "c.csv").write_text("new")
    job = read(home, "azureml:d@latest")
    assert home.user_log(job) == "123456789012", home.why(job)
    told = json.dumps(notes(home, job), ensure_ascii=False)
    assert ("input training: 2 files of azureml:d:1 changed since it was registered at 20" in told and
            "a.csv (10 B → 12 B), c.csv (new)" in told), told
    assert home.show(job)["inputs"][0]["changed"] == 2, home.show(job)
    assert "2 files of azureml:d:1 changed" in home.user_log(job, "system_logs/data.txt")
    now = shown(home, "d")["now"]
    assert (now["changed"], now["added"], now["removed"]) == (1, 1, 0), now
    home.cli("data", "create", "--in-place", "--name", "d", "--path", str(folder))
    job = read(home, "azureml:d@latest")
    assert not notes(home, job), home.why(job)


@case
def a_place_that_is_gone_or_empty_fails_the_job_before_it_starts(home):
    home.start()
    folder = tree(home)
    home.cli("data", "create", "--in-place", "--name", "d", "--path", "data")
    shutil.rmtree(folder)
    for state in ("is not there", "is empty"):
        job = read(home, "azureml:d:1")
        seen = home.show(job)
        assert (seen["state"], seen["cause"]) == ("Failed", "input"), seen
        assert state in seen["error"] and str(folder) in seen["error"], seen
        assert "is its disk mounted?" in seen["error"] and not seen["started"], seen
        folder.mkdir(exist_ok=True)


@case
def what_cannot_be_used_in_place_is_refused_with_the_way_out(home):
    home.start()
    tree(home)
    missing = home.cli("data", "create", "--name", "d", "--path", "file:///nonexistent/x", code=None)
    assert missing.code != 0 and "leave --in-place away" in missing.err, missing
    for path in (home.path, home.path / "keys"):
        refused = home.cli("data", "create", "--in-place", "--name", "d", "--path", str(path), code=None)
        assert refused.code != 0 and str(path) in refused.err, refused
    remote = home.cli("data", "create", "--in-place", "--name", "d", "--path", "https://h/x", code=None)
    assert remote.code != 0 and "--in-place is for a file or folder" in remote.err, remote
    kind = home.cli("data", "create", "--in-place", "--name", "d", "--path", "data/a.csv", code=None)
    assert kind.code != 0 and "uri_file" in kind.err, kind
    assert not list((home.path / "manifests").rglob("files"))
    assert home.cli("data", "show", "d", code=None).code != 0


@case
def a_plain_path_is_still_uploaded(home):
    home.start()
    folder = tree(home)
    home.cli("data", "create", "--name", "d", "--path", "data")
    shutil.rmtree(folder)
    job = read(home, "azureml:d:1")
    assert home.user_log(job) == "1234567890", home.why(job)


@case
def a_job_may_name_a_place_of_the_servers_machine_itself(home):
    home.start()
    folder = tree(home)
    job = read(home, f"file://{folder}", "cat ${{inputs.training}}/a.csv; touch ${{inputs.training}}/no")
    assert home.user_log(job).startswith("1234567890"), home.why(job)
    uploads = home.path / "datastores/workspaceblobstore/LocalUpload"
    assert not uploads.exists() or not list(uploads.rglob("a.csv")), "it was uploaded"


@case
def a_download_is_a_copy_of_its_own_and_keeps_holes(home):
    home.start()
    folder = tree(home)
    with (folder / "sparse.bin").open("wb") as file:
        file.truncate(2 * GIB)
        file.seek(GIB)
        file.write(b"middle")
    home.cli("data", "create", "--in-place", "--name", "d", "--path", "data")
    job = read(home, "azureml:d:1", "echo mine > ${{inputs.training}}/a.csv; ls -s --block-size=1 "
               "${{inputs.training}}/sparse.bin | cut -d' ' -f1", mode="download")
    assert home.wait(job) == "Completed", home.why(job)
    assert int(home.user_log(job)) < 8 << 20, home.user_log(job)
    assert (folder / "a.csv").read_text() == "1234567890"


@case
def manifests_go_with_their_versions_and_hashes_go_on_after_a_restart(home):
    home.start()
    folder = tree(home)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(1 << 40)
    home.cli("data", "create", "--in-place", "--name", "d", "--path", "data")
    until(lambda: shown(home, "d")["hashes"]["files"] >= 1, 30, "the first hash")
    home.kill()
    home.start()
    seen = until(lambda: (now := shown(home, "d"))["hashes"]["bytes"] > 10 and now, 30, "progress")
    assert not seen["hashes"]["is_done"]
    # The huge file becomes another one: its hash is given up, and the last file gets its own.
    (folder / "huge.bin").unlink()
    home.kill()
    home.start()
    seen = hashed(home, "d")
    assert (seen["hashes"]["files"], seen["hashes"]["left_out"]) == (2, 1), seen
    manifest = home.path / "manifests/default/d/1"
    assert manifest.is_dir()
    assert home.request("DELETE", f"{harness.SCOPE}/data/d/versions/1")[0] == 200
    assert not manifest.exists()


@slow
def a_terabyte_in_100_000_files_is_registered_within_three_seconds(home):
    home.start()
    folder = home.work / "data"
    for i in range(100):
        (folder / f"{i:03}").mkdir(parents=True)
        for j in range(1000):
            with (folder / f"{i:03}/{j:04}.bin").open("wb") as file:
                file.truncate(10 << 20)
    began = time.monotonic()
    home.cli("data", "create", "--in-place", "--name", "d", "--path", "data")
    took = time.monotonic() - began
    assert took < 3, took
    seen = shown(home, "d")
    assert (seen["files"], seen["bytes"]) == (100_000, 100_000 * (10 << 20)), seen
    os.truncate(folder / "050/0500.bin", 5)
    job = read(home, "azureml:d:1", "ls ${{inputs.training}} | wc -l")
    assert "050/0500.bin" in json.dumps(notes(home, job)), home.why(job)


if __name__ == "__main__":
    harness.main()
