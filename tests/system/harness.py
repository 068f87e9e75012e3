"""Real servers and real jobs for the system tests: a home of its own for each case, and nothing left afterwards.

A test file defines cases and ends with `harness.main()`:

    @harness.case
    def a_job_prints_its_message(home):
        home.start()
        job = home.submit({"command": "echo hello"})
        assert home.wait(job) == "Completed"
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("LAZURITE_BINARY") or str(ROOT / "build/release/lazurite")
FULL = bool(os.environ.get("LAZURITE_FULL"))
SCOPE = ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/lazurite"
         "/providers/Microsoft.MachineLearningServices/workspaces/default")
PYTHON_IMAGE = "docker.io/library/python:latest"
ENDED = ("Completed", "Failed", "Canceled")
LOG_LINES_SHOWN = 30

_cases = []


class Skip(Exception):
    """Raised by a case that cannot be run on this machine; its text says why."""


def case(function):
    _cases.append(function)
    return function


def slow(function):
    """A case that only `make test-full` runs."""
    if FULL:
        _cases.append(function)
    return function


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=30.0, what="the condition"):
    """Waits until `condition` gives something true, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Finished:
    """How a command ended."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return f"$ lazurite {' '.join(self.arguments)}\n---- {self.code}\n{self.out}{self.err}"


class Home:
    """A folder for everything of one case, and the server that works in it."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"lazurite-{name[:20]}-"))
        self.path = self.folder / "home"
        self.work = self.folder / "work"  # what the case itself writes
        self.work.mkdir()
        self.port = free_port()
        self.server = None
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("LAZURITE_", "MLFLOW_", "AZUREML_"))}
        self.environment.update(LAZURITE_HOME=str(self.path), NO_COLOR="1", TERM="dumb")

    # The server.

    def start(self, *flags, port=None):
        self.port = port or self.port
        self.log = (self.folder / "server.log").open("ab")
        self.server = subprocess.Popen([BINARY, "serve", "--port", str(self.port), *flags],
                                       env=self.environment, stdin=subprocess.DEVNULL,
                                       stdout=self.log, stderr=self.log)
        until(lambda: self.is_ready() or self.server.poll() is not None, 20, "the server's start")
        if self.server.poll() is not None:
            raise AssertionError(f"the server ended with {self.server.returncode}:\n{self.log_tail()}")

    def is_ready(self):
        try:
            return self.request("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def kill(self):
        """What a crash does: no time to tidy up."""
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def stop(self):
        self.server.terminate()
        return self.server.wait(timeout=20)

    def log_tail(self):
        log = self.folder / "server.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-LOG_LINES_SHOWN:])

    # HTTP.

    def request(self, method, path, body=None, headers=None, timeout=30):
        """(status, body) of one request, signed in; a body that is not bytes is sent as JSON."""
        headers = dict(headers or {})
        token = self.path / "tokens/owner"
        if token.exists() and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {token.read_text().strip()}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers,
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def get(self, path):
        status, body = self.request("GET", path)
        assert status == 200, f"GET {path}: {status} {body[:500]}"
        return json.loads(body)

    # The command line.

    def cli(self, *arguments, code=0, timeout=120, cwd=None, stdin=None):
        """Runs a command and expects an exit code (None: any)."""
        done = subprocess.run([BINARY, *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=timeout, cwd=cwd or self.work, errors="replace",
                              input=stdin, stdin=subprocess.DEVNULL if stdin is None else None)
        finished = Finished(arguments, done.returncode, done.stdout, done.stderr)
        assert code is None or done.returncode == code, f"expected exit code {code}\n{finished}"
        return finished

    def write(self, name, text):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else json.dumps(text, indent=1))
        return str(path)

    # Jobs.

    def submit(self, job, files=None, name=None):
        """Creates a command job from a dictionary of YAML fields; returns its name at once."""
        code = f"code_{time.monotonic_ns()}"
        for file, text in (files or {}).items():
            self.write(f"{code}/{file}", text)
        document = {"$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
                    "type": "command", "compute": "azureml:local",
                    "environment": {"image": PYTHON_IMAGE}, **job}
        if files:
            document["code"] = code
        file = self.write(f"{code}.yml", document)  # JSON is YAML
        named = ["--name", name] if name else []
        return self.cli("job", "create", "-f", file, *named, "--query", "name", "-o",
                        "tsv").out.strip()

    def show(self, job):
        return self.get(f"/lazurite/v1/jobs/{job}")

    def wait_for(self, job, *states, seconds=60):
        return until(lambda: (seen := self.show(job))["state"] in states and seen, seconds,
                     f"job {job}: {' or '.join(states)}")

    def wait(self, job, seconds=60):
        return self.wait_for(job, *ENDED, seconds=seconds)["state"]

    def user_log(self, job, name="user_logs/std_log.txt"):
        status, body = self.request("GET", f"/lazurite/v1/jobs/{job}/logs/{name}")
        assert status == 200, f"log {name} of {job}: {status} {body[:200]}"
        return body.decode()

    def why(self, job):
        """Everything that explains how a job went, for a failed assertion."""
        seen = self.show(job)
        said = {key: seen.get(key) for key in ("state", "cause", "error", "exit_code", "notes")}
        logs = []
        for file in sorted(pathlib.Path(seen.get("folder") or "/nonexistent").glob("*_logs/*")):
            logs.append(f"-- {file.name}\n{file.read_text(errors='replace')[-2000:]}")
        return "\n".join([json.dumps(said), *logs])

    # The end.

    def processes(self):
        """Processes that belong to this home, whoever started them: (pid, command line)."""
        mark = str(self.folder).encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                if not command:  # a zombie or a thread of the kernel
                    continue
                if mark in command or mark in (entry / "environ").read_bytes():
                    found.append((int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")))
            except OSError:
                continue
        return found

    def close(self):
        """Ends what is left, by its process id, and removes the folder. Returns what was left."""
        if self.server and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        left = self.processes()
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if left:
            until(lambda: not self.processes(), 10, "the end of what was left")
        subprocess.run(["chmod", "-R", "u+w", str(self.folder)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left


def run_case(function):
    name = function.__name__.replace("_", " ")
    home = Home(function.__name__.replace("_", "-"))
    failure = None
    try:
        function(home)
    except Skip as skip:
        print(f"skip {name}: {skip}", flush=True)
        home.close()
        return True
    except Exception:  # noqa: BLE001  a case may fail in any way
        failure = traceback.format_exc() + "\n-- server log\n" + home.log_tail()
    home.close()
    if failure:
        print(f"not ok {name}\n{failure}", flush=True)
    else:
        print(f"ok {name}", flush=True)
    return failure is None


def main():
    wanted = sys.argv[1:]
    chosen = [one for one in _cases if not wanted or any(word in one.__name__ for word in wanted)]
    results = [run_case(one) for one in chosen]
    sys.exit(0 if all(results) else 1)
