"""A server in a home of its own, for benchmarks: started, asked over HTTP, stopped, removed."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/lazurite"
WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/lazurite/providers"
    "/Microsoft.MachineLearningServices/workspaces/default"
)
VERSION = "?api-version=2024-10-01"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Home:
    """A server on a free port. `folder` outlives restarts; `close` removes it."""

    def __init__(self, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="lazurite-bench-")
        self.port = free_port()
        self.process = None
        self.connection = None

    def start(self):
        """Starts the server; the seconds until it answers /healthz."""
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", str(self.port), "--home", self.folder],
            stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.folder, "bench.log"), "ab"),
        )
        while True:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port)
                probe.request("GET", "/healthz")
                probe.getresponse().read()
                probe.close()
                return time.perf_counter() - begin
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("the server ended: see " + self.folder + "/bench.log")
                time.sleep(0.0005)

    def stop(self):
        if self.connection:
            self.connection.close()
            self.connection = None
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """Variables with which `lazurite` finds this server."""
        return dict(
            os.environ,
            LAZURITE_HOME=self.folder,
            LAZURITE_SERVER="http://127.0.0.1:%d" % self.port,
        )

    def token(self):
        return pathlib.Path(self.folder, "tokens/owner").read_text().strip()

    def open(self, method, path, body=None):
        """The open answer of a request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body, {"Authorization": "Bearer " + self.token()})
        return connection.getresponse()

    def ask(self, method, path, body=None):
        """The answer's JSON; fails on an error. One kept-alive connection."""
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Authorization": "Bearer " + self.token()}
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError("%s %s: %d %s" % (method, path, answer.status, text[:500]))
        return json.loads(text) if text else None

    def add_environment(self):
        """An environment that needs no building: the machine's own Python."""
        self.ask(
            "PUT",
            WORKSPACE + "/environments/plain/versions/1" + VERSION,
            {"properties": {"image": "python:3.11-slim"}},
        )

    def submit(self, name, command):
        self.ask(
            "PUT",
            WORKSPACE + "/jobs/" + name + VERSION,
            {
                "properties": {
                    "jobType": "Command",
                    "command": command,
                    "environmentId": WORKSPACE + "/environments/plain/versions/1",
                    "experimentName": "bench",
                }
            },
        )

    def wait(self, name):
        """Follows the job's events until it has ended; its last state."""
        answer = self.open("GET", "/lazurite/v1/jobs/" + name + "/events?after=0")
        answer.read()
        return self.ask("GET", "/lazurite/v1/jobs/" + name)

    def cpu_seconds(self):
        fields = pathlib.Path("/proc/%d/stat" % self.process.pid).read_text().split(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self):
        pages = int(pathlib.Path("/proc/%d/statm" % self.process.pid).read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def load():
    return os.getloadavg()[0]
