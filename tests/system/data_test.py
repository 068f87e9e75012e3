#!/usr/bin/env python3
"""Data that is used where it lies: nothing is copied, and the next job is told what has changed."""

import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
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


# Files of other servers.


class Web(http.server.BaseHTTPRequestHandler):
    """Serves `files` with ETags and ranges; `asked` has every request, `cut` breaks an answer off after so many bytes."""

    protocol_version = "HTTP/1.1"
    files, asked, cut = {}, [], 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        type(self).asked.append((path, self.headers.get("If-None-Match"), self.headers.get("Range")))
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/data.csv")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if path not in self.files:
            return self.send_error(404)
        body, tag = self.files[path]
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            return self.end_headers()
        start = 0
        if self.headers.get("Range") and self.headers.get("If-Range") == tag:
            start = int(self.headers["Range"][6:].rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if type(self).cut and not start:
            self.wfile.write(body[:type(self).cut])
            self.close_connection = True
            return None
        self.wfile.write(body[start:])
        return None


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that goes away is no matter."""


@contextlib.contextmanager
def web(**files):
    server = Server(("127.0.0.1", 0), type("Own", (Web,), {
        "files": {f"/{name.replace('_', '.')}": value for name, value in files.items()}, "asked": [], "cut": 0}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.RequestHandlerClass, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetch(home, path, command="cat ${{inputs.training}}", **more):
    job = home.submit({"command": command,
                       "inputs": {"training": {"type": "uri_file", "path": path, **more}}})
    home.wait(job)
    return job


@case
def a_file_of_a_web_server_is_brought_once_and_asked_about_then(home):
    home.start()
    with web(data_csv=(b"1,2,3\n", '"one"')) as (seen, url):
        home.cli("data", "create", "--name", "w", "--type", "uri_file", "--path", f"{url}/data.csv")
        for _ in range(2):
            job = fetch(home, "azureml:w:1")
            assert home.user_log(job) == "1,2,3\n", home.why(job)
        assert seen.asked == [("/data.csv", None, None), ("/data.csv", '"one"', None)], seen.asked
        assert "unchanged since it was brought" in home.user_log(job, "system_logs/data.txt")
        seen.files["/data.csv"] = (b"4,5\n", '"two"')
        job = fetch(home, f"{url}/data.csv", "cat ${{inputs.training}}; basename ${{inputs.training}}")
        assert home.user_log(job) == "4,5\ndata.csv\n", home.why(job)
        job = fetch(home, f"{url}/moved", "cat ${{inputs.training}}; echo x >> ${{inputs.training}}", mode="download")
        assert home.user_log(job) == "4,5\n" and home.wait(job) == "Completed", home.why(job)
    job = fetch(home, f"{url}/data.csv")
    assert home.user_log(job) == "4,5\n", home.why(job)
    assert "could not be asked whether it has changed" in json.dumps(notes(home, job)), home.why(job)


@case
def a_broken_transfer_goes_on_where_it_was(home):
    home.start()
    body = os.urandom(300_000)
    with web(data_csv=(body, '"one"')) as (seen, url):
        seen.cut = 100_000
        job = fetch(home, f"{url}/data.csv", "wc -c < ${{inputs.training}}; cksum < ${{inputs.training}}")
        assert home.user_log(job).split("\n")[0] == "300000", home.why(job)
        ranges = [asked[2] for asked in seen.asked]
        assert ranges[0] is None and ranges[1] == "bytes=100000-", ranges


@case
def what_cannot_be_brought_fails_the_job_before_it_starts_or_is_refused(home):
    home.start()
    with web() as (_, url):
        job = fetch(home, f"{url}/none")
        seen = home.show(job)
        assert (seen["state"], seen["cause"]) == ("Failed", "input") and "404" in seen["error"], seen
    for given, words in (({"type": "uri_folder", "path": "https://h/x"}, "use type uri_file"),
                         ({"type": "uri_file", "path": "https://h/x?sv=1&sig=zq9hushzq9"}, "sig=***")):
        file = home.write("job.yml", {"type": "command", "command": "true", "inputs": {"d": given},
                                      "environment": {"image": harness.PYTHON_IMAGE}})
        refused = home.cli("job", "create", "-f", file, code=None)
        # Below it stands the line of the user's own file, as it is there.
        said = refused.err.splitlines()[0]
        assert refused.code != 0 and words in said and "zq9hushzq9" not in said, refused
    refused = home.cli("data", "create", "--name", "w", "--type", "uri_file", "--path", "https://h/x?sig=zq9hushzq9",
                       code=None)
    assert refused.code != 0 and "zq9hushzq9" not in refused.err, refused
    kept = subprocess.run(["grep", "-rl", "zq9hushzq9", str(home.path)], capture_output=True, text=True).stdout
    assert not kept, kept


@case
def the_cache_is_bounded_and_a_cancel_is_heard(home):
    (home.path).mkdir(mode=0o700)
    (home.path / "config.toml").write_text('[data]\ncache_max = "1MiB"\n')
    home.start()
    files = {f"f{i}_bin": (os.urandom(400_000), f'"{i}"') for i in range(4)}
    with web(**files, big_bin=(b"x" * 2_000_000, '"b"')) as (seen, url):
        for i in range(4):
            job = fetch(home, f"{url}/f{i}.bin", "wc -c < ${{inputs.training}}")
            assert home.user_log(job) == "400000\n", home.why(job)
        kept = [file.name for file in (home.path / "cache/remote").rglob("*.bin")]
        assert sorted(kept) == ["f2.bin", "f3.bin"], kept
        job = fetch(home, f"{url}/big.bin")
        assert "[data] cache_max" in home.show(job)["error"], home.why(job)
    with socket_that_says_nothing() as url:
        job = home.submit({"command": "true", "inputs": {"d": {"type": "uri_file", "path": f"{url}/x"}}})
        home.wait_for(job, "Preparing", "Starting")
        said = home.path / "jobs" / job / "1/system_logs/data.txt"
        until(lambda: said.exists() and "asking for" in said.read_text(), 20, "the question")
        began = time.monotonic()
        home.cli("job", "cancel", "--name", job)
        assert home.wait(job) == "Canceled", home.why(job)
        assert time.monotonic() - began < 10


@contextlib.contextmanager
def socket_that_says_nothing():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


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
