"""The server as a process: start, stop, who may come in, bad requests."""

import json
import os
import pathlib
import socket
import ssl
import time

import harness
from harness import case


@case
def up_waits_until_ready_and_down_stops_it(home):
    up = home.cli("up", "--port", str(home.port))
    assert home.is_ready(), up
    assert f"127.0.0.1:{home.port}" in up.out + up.err and str(home.path) in up.out + up.err, up
    again = home.cli("up", "--port", str(home.port))
    assert "already" in again.out + again.err, again
    home.cli("down")
    assert not home.is_ready()
    assert not (home.path / "run/server.json").exists()
    home.cli("down", code=None)


@case
def a_second_server_on_the_same_home_refuses(home):
    home.start()
    other = home.cli("serve", "--port", str(harness.free_port()), code=None)
    assert other.code != 0 and str(home.path) in other.err, other


@case
def a_busy_port_names_its_holder_and_the_flag(home):
    with socket.create_server(("127.0.0.1", home.port)):
        done = home.cli("serve", "--port", str(home.port), code=None, timeout=20)
    assert done.code != 0, done
    for words in (str(home.port), "--port", str(os.getpid())):
        assert words in done.err, done


@case
def without_a_token_nobody_comes_in(home):
    home.start()
    for path in ("/lazurite/v1/server", harness.SCOPE + "/jobs?api-version=2024-01-01-preview",
                 "/api/2.0/mlflow/experiments/search"):
        status, body = home.request("GET", path, headers={"Authorization": ""})
        assert status == 401, (path, status, body)
        status, body = home.request("GET", path, headers={"Authorization": "Bearer wrong"})
        assert status == 401, (path, status, body)
    assert home.request("GET", "/healthz", headers={"Authorization": ""})[0] == 200
    assert (home.path / "tokens/owner").stat().st_mode & 0o077 == 0


@case
def auth_none_is_said_loudly(home):
    home.start("--auth", "none")
    assert home.request("GET", "/lazurite/v1/server", headers={"Authorization": ""})[0] == 200
    assert "none" in home.log_tail(), home.log_tail()


@case
def tls_and_http_share_the_port(home):
    home.start()
    authority = next(path for path in pathlib.Path(home.path, "tls").glob("*ca*.pem")
                     if "key" not in path.name)
    context = ssl.create_default_context(cafile=str(authority))
    with socket.create_connection(("127.0.0.1", home.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := secure.recv(4096):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), answer


@case
def metrics_are_prometheus_text(home):
    home.start()
    status, body = home.request("GET", "/metrics")
    assert status == 200 and b"# TYPE" in body, body[:300]


@case
def commands_without_a_server_say_how_to_start_one(home):
    done = home.cli("job", "list", code=6)
    assert "lazurite up" in done.err, done


@case
def names_that_leave_their_folder_are_refused(home):
    home.start()
    for path in ("..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "a%2F..%2F..%2Fb"):
        status, body = home.request(
            "GET", "/lazurite/v1/files/content?uri=azureml://datastores/workspaceblobstore/paths/"
                   f"&path={path}")
        assert status in (400, 404), (path, status, body)
        assert b"root:" not in body


@case
def mutated_requests_are_never_a_crash_nor_a_5xx(home):
    home.start()
    token = (home.path / "tokens/owner").read_text().strip()
    body = json.dumps({"properties": {"jobType": "Command", "command": "true",
                                      "environmentId": "azureml:x:1", "computeId": "local"}})
    good = (f"PUT {harness.SCOPE}/jobs/j?api-version=2024-04-01 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()
    seed = 12345
    for round_number in range(300):
        bad = bytearray(good)
        for _ in range(1 + round_number % 4):
            seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
            at, kind = (seed >> 33) % len(bad), (seed >> 20) % 3
            if kind == 0:
                bad[at] = (seed >> 40) % 256
            elif kind == 1:
                del bad[at:at + 1 + (seed >> 50) % 20]
            else:
                bad[at:at] = bad[at:at + 20]
        with socket.create_connection(("127.0.0.1", home.port), timeout=10) as connection:
            try:
                connection.sendall(bytes(bad))
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(65536)
            except ConnectionError:
                answer = b""
        status = answer.split(b" ", 2)[1:2]
        assert not status or not status[0].startswith(b"5"), (bytes(bad), answer[:500])
        assert home.server.poll() is None, f"the server died of {bytes(bad)!r}"
    assert home.is_ready()


@case
def a_slow_client_hurts_nobody_else(home):
    home.start()
    slow = [socket.create_connection(("127.0.0.1", home.port)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHo")
    begin = time.monotonic()
    assert home.request("GET", "/healthz")[0] == 200
    assert time.monotonic() - begin < 2
    for connection in slow:
        connection.close()


if __name__ == "__main__":
    harness.main()
