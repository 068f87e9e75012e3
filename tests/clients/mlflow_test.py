#!/usr/bin/env python3
"""The unmodified mlflow client against a server of its own.

  LAZURITE_BINARY=build/release/lazurite tests/clients/mlflow_test.py

Makes a virtual environment with mlflow and scikit-learn below .tools on its first run; skips when they cannot be
installed because no package index is reachable. A line for each case: `ok NAME`, `not ok NAME`, `skip NAME: WHY`.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".tools" / "mlflow-client"
PACKAGES = ["mlflow==3.17.2", "scikit-learn"]
READY_SECONDS_MAX = 30


def uv():
    for candidate in [ROOT / ".tools" / "bin" / "uv", shutil.which("uv")]:
        if candidate and os.path.exists(candidate):
            return str(candidate)
    return None


def make_environment():
    """The environment's python, or None if its packages cannot be had."""
    python = ENVIRONMENT / "bin" / "python"
    marker = ENVIRONMENT / "complete"
    if marker.exists():
        return python
    if uv() is None:
        print("uv is not installed: `make setup` installs it")
        return None
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    for command in [[uv(), "venv", "-q", str(ENVIRONMENT)],
                    [uv(), "pip", "install", "-q", "--python", str(python), *PACKAGES]]:
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr[-2000:])
            return None
    marker.write_text("\n".join(PACKAGES))
    return python


def start(program, home):
    """A server on a port of its own: its process and address."""
    log = open(home / "server.log", "wb")
    server = subprocess.Popen([program, "serve", "--home", str(home / "home"), "--port", "0"],
                              stdout=log, stderr=log)
    ready = home / "home" / "run" / "server.json"
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and server.poll() is None:
        if ready.exists():
            return server, json.loads(ready.read_text())["address"]
        time.sleep(0.02)
    server.kill()
    print((home / "server.log").read_text(errors="replace")[-4000:])
    raise SystemExit("the server did not get ready")


def main():
    program = os.environ.get("LAZURITE_BINARY")
    if not program:
        raise SystemExit(__doc__)
    python = make_environment()
    if python is None:
        print("skip mlflow: mlflow and scikit-learn cannot be installed here")
        return 0
    with tempfile.TemporaryDirectory(prefix="lazurite-mlflow-") as folder:
        home = pathlib.Path(folder)
        server, address = start(program, home)
        try:
            with urllib.request.urlopen(address + "/health", timeout=5) as answer:
                assert answer.read() == b"OK"
            env = {**os.environ, "MLFLOW_TRACKING_URI": address,
                   "MLFLOW_TRACKING_TOKEN": (home / "home/tokens/owner").read_text().strip(),
                   "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
                   "MLFLOW_UV_AUTO_DETECT": "false", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
                   # Searching a model's requirements takes half a minute and is no matter of ours.
                   "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
                   "HOME": folder, "no_proxy": "127.0.0.1"}
            script = pathlib.Path(__file__).with_name("mlflow_script.py")
            code = subprocess.run([str(python), str(script)], env=env, cwd=folder).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
        if code != 0:
            print((home / "server.log").read_text(errors="replace")[-4000:])
        return code


if __name__ == "__main__":
    sys.exit(main())
