"""A server's life: where its home may lie, a disk that fills, clocks that are set, another boot, logs, a service."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import harness
from harness import Skip, case, until

# Stands between a program and the C library: the wall clock is off by the seconds in a file, and a
# folder lies on a file system of another kind.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
  const char* file = getenv("SHIM_OFFSET");
  char text[32] = {0};
  int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 0;
  if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
  close(fd);
  return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec* at) {
  int result = (int)syscall(SYS_clock_gettime, clock, at);
  if (clock == CLOCK_REALTIME && result == 0) at->tv_sec += offset();
  return result;
}
time_t time(time_t* at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
int statfs(const char* path, struct statfs* into) {
  int (*real)(const char*, struct statfs*) = (int (*)(const char*, struct statfs*))dlsym(RTLD_NEXT, "statfs");
  int result = real(path, into);
  const char* folder = getenv("SHIM_NFS");
  if (result == 0 && folder && strncmp(path, folder, strlen(folder)) == 0) into->f_type = 0x6969;
  return result;
}
int statfs64(const char* path, struct statfs64* into) { return statfs(path, (struct statfs*)into); }
"""


def shim(home):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++")
    if compiler is None:
        raise Skip("there is no C compiler")
    source, library = home.work / "shim.c", home.work / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-x", "c", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    home.environment["LD_PRELOAD"] = str(library)
    offset = home.work / "offset"
    home.environment["SHIM_OFFSET"] = str(offset)
    return offset


def serve(home, code):
    """A server that is expected to refuse; what it says."""
    done = subprocess.run([harness.BINARY, "serve", "--port", str(home.port)], env=home.environment,
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == code, f"{done.returncode}: {done.stderr}"
    return done.stderr


@contextlib.contextmanager
def small_disk(home, megabytes):
    """The home on a disk of its own."""
    home.path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none",
                              str(home.path)], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skip(f"this user cannot mount: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        if home.server and home.server.poll() is None:
            home.stop()
        subprocess.run(["umount", "-l", str(home.path)], check=False)


def fill(home, leave_kib=0):
    with (home.path / "filler").open("wb", buffering=0) as file:
        block = b"x" * 65536
        with contextlib.suppress(OSError):
            while True:
                file.write(block)
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 512)
        if leave_kib:
            file.truncate(file.tell() - leave_kib * 1024)


# Homes.


@case
def a_home_with_a_very_long_path_serves_jobs(home):
    home.path = home.path / ("h" * 120) / ("o" * 120)
    home.environment["LAZURITE_HOME"] = str(home.path)
    assert len(str(home.path)) > 240
    home.start()
    job = home.submit({"command": "echo here"})
    began = time.monotonic()
    assert home.wait(job) == "Completed", home.why(job)
    assert home.user_log(job) == "here\n"
    assert (home.path / "run/doorbell.sock").exists()
    assert time.monotonic() - began < 20


@case
def a_home_that_is_open_to_others_is_closed_and_a_folder_of_other_things_is_refused(home):
    home.path.mkdir(mode=0o755)
    home.path.chmod(0o755)
    thesis = home.path / "thesis.txt"
    thesis.write_text("mine")
    refused = home.cli("up", "--port", str(home.port), code=5)
    assert "holds other things than a home" in refused.err and "--home" in refused.err, refused
    assert "holds other things than a home" in serve(home, 5)
    assert home.path.stat().st_mode & 0o777 == 0o755
    thesis.unlink()
    up = home.cli("up", "--port", str(home.port))
    home.cli("down")
    assert up.err.count("was open to other users (mode 755)") == 1, up
    assert home.path.stat().st_mode & 0o777 == 0o700
    again = home.cli("up", "--port", str(home.port))
    home.cli("down")
    assert "open to other users" not in again.err, again


@case
def a_file_in_the_homes_place_is_named_with_the_way_out(home):
    home.path.write_text("not a folder")
    refused = home.cli("up", code=5)
    assert f"{home.path} is a file, not a folder" in refused.err and "--home" in refused.err, refused
    assert "is a file, not a folder" in serve(home, 5)


@case
def up_without_tokens_says_loudly_what_that_means(home):
    up = home.cli("up", "--port", str(home.port), "--auth", "none")
    again = home.cli("up")
    home.cli("down")
    for said in (up, again):
        assert "warning: authentication is off" in said.err and "--auth token" in said.err, said
    up = home.cli("up", "--port", str(home.port))
    home.cli("down")
    assert "authentication" not in up.err, up


@case
def a_home_on_a_network_file_system_is_refused_unless_allowed(home):
    shim(home)
    home.environment["SHIM_NFS"] = str(home.folder)
    said = serve(home, 5)
    assert str(home.path) in said and "network file system" in said and "--home" in said, said
    assert not home.path.exists(), "nothing was written there"
    assert "network file system" in home.cli("up", "--port", str(home.port), code=5).err
    assert "network file system" in home.cli("doctor", code=1).out
    (home.path / "config.toml").write_text("[server]\nnetwork_home = true\n")
    home.start()
    assert home.is_ready()


@case
def a_full_or_read_only_disk_is_refused_with_its_path_and_room(home):
    with small_disk(home, 24):
        fill(home)
        for said in (serve(home, 1), home.cli("up", "--port", str(home.port), code=1).err,
                     home.cli("doctor", code=1).out):
            assert "is full" in said and str(home.path) in said and "free" in said, said
        (home.path / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(home.path)], check=True)
        for said in (serve(home, 5), home.cli("up", "--port", str(home.port), code=5).err):
            assert "read-only" in said and str(home.path) in said and "free" in said, said
        subprocess.run(["mount", "-o", "remount,rw", str(home.path)], check=True)
        home.start()
        assert home.is_ready()


LOGGER = """
import json, os, sys, time, urllib.request
work = sys.argv[1]
def log(step):
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": step,
                       "timestamp": 1700000000000 + step, "step": step}).encode()
    call = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", body,
                                  {"Content-Type": "application/json",
                                   "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    for _ in range(30):
        try:
            return urllib.request.urlopen(call, timeout=60).read()
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(0.2)
log(0)
open(work + "/logged", "w").close()
while not os.path.exists(work + "/full"):
    time.sleep(0.02)
for step in range(1, 6):
    log(step)
"""


@case
def a_job_that_fills_the_disk_with_its_log_says_so_also_when_it_completes(home):
    with small_disk(home, 48):
        home.start()
        file = home.write("chatty.yml", "command: head -c 90000000 /dev/zero; echo rc $?; sleep 1\n"
                                        f"environment: {{image: {harness.PYTHON_IMAGE}}}\n")
        client = subprocess.Popen([harness.BINARY, "submit", file], env=home.environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        job = until(lambda: home.get("/lazurite/v1/queue")["running"], 20, "the job")[0]["name"]
        # Either the end is recorded, or it is told why it cannot be.
        seen = until(lambda: (now := home.show(job))["state"] in harness.ENDED and now or
                     "disk of the home is full" in now["reason"] and now, 40, "an end or a reason")
        if seen["state"] not in harness.ENDED:
            assert "is full" in home.cli("ps").out, home.cli("ps")
            os.truncate(pathlib.Path(seen["folder"]) / "user_logs/std_log.txt", 0)
        assert home.wait(job) == "Completed", home.why(job)
        notes = home.show(job)["notes"]
        assert any("was full while the job ran" in note for note in notes), home.why(job)
        told = client.communicate(timeout=60)[1]
        assert client.returncode == 0 and told.count("was full while the job ran") == 1, told


@case
def a_disk_that_fills_while_serving_is_told_and_loses_nothing(home):
    with small_disk(home, 160):  # an upload leaves 64 MiB free
        home.start()
        job = home.submit({"command": f"python log.py {home.work}"}, {"log.py": LOGGER})
        until((home.work / "logged").exists, 30, "the first metric")
        fill(home)
        seen = []
        tags = [{"key": f"note-{number}", "value": "x" * 5000} for number in range(12)]
        for number in range(200):
            status, answer = home.request("POST", "/api/2.0/mlflow/experiments/create",
                                          {"name": f"full-{number}", "tags": tags})
            seen.append(status)
            if status != 200:
                break
        assert seen[-1] == 507, f"{seen[-3:]}: {answer[:300]}"
        said = json.loads(answer)
        assert said["error_code"] == "INSUFFICIENT_STORAGE" and "space" in said["message"], said
        assert home.is_ready(), "it still serves what needs no room"
        assert home.show(job)["state"] == "Running", home.why(job)
        (home.work / "full").touch()
        time.sleep(1)
        (home.path / "filler").unlink()
        assert home.wait(job) == "Completed", home.why(job)
        status, answer = home.request("POST", "/api/2.0/mlflow/experiments/create", {"name": "again"})
        assert status == 200, answer
        points = home.get(f"/api/2.0/mlflow/metrics/get-history?run_id={job}&metric_key=loss")["metrics"]
        assert [point["step"] for point in points] == list(range(6)), points
        made = home.get("/api/2.0/mlflow/experiments/search?max_results=1000")["experiments"]
        assert sum(one["name"].startswith("full-") for one in made) == len(seen) - 1, seen


@case
def a_newer_home_is_refused_and_left_alone(home):
    home.start()
    home.stop()
    (home.path / "version").write_text("99.1.0\n")
    with contextlib.closing(sqlite3.connect(home.path / "lazurite.db")) as database:
        database.execute("INSERT INTO migrations VALUES (9999, '9999_future', 0)")
        database.commit()
    said = serve(home, 5)
    for part in ("9999", "99.1.0", "LAZURITE_HOME", "lazurite.db"):
        assert part in said, said
    assert (home.path / "version").read_text() == "99.1.0\n"


@case
def an_older_home_is_brought_up_to_date_and_kept_beside(home):
    home.path.mkdir(mode=0o700)
    files = sorted((harness.ROOT / "src/domain/schema").glob("0*.sql"))[:5]
    with contextlib.closing(sqlite3.connect(home.path / "lazurite.db")) as database:
        database.executescript(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL);"
            "CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
            " kind TEXT NOT NULL, object TEXT NOT NULL);" + "".join(file.read_text() for file in files))
        for file in files:
            database.execute("INSERT INTO migrations VALUES (?, ?, 0)", (int(file.stem[:4]), file.stem))
        database.execute("INSERT INTO changes (time, kind, object) VALUES (1, 'test', 'kept')")
        database.commit()
    newest = len(list((harness.ROOT / "src/domain/schema").glob("0*.sql")))
    if newest == len(files):
        raise Skip("the schema has not changed since its first release")
    home.start()
    job = home.submit({"command": "true"})
    assert home.wait(job) == "Completed", home.why(job)
    with contextlib.closing(sqlite3.connect(home.path / "lazurite.db.schema-5")) as database:
        assert database.execute("SELECT MAX(number) FROM migrations").fetchone() == (5,)
        assert database.execute("SELECT object FROM changes").fetchall() == [("kept",)]


# Clocks and boots.

ONCE = """
import pathlib, sys, time
work = pathlib.Path(sys.argv[1])
with open(work / ("runs-" + sys.argv[2]), "a") as file:
    file.write("run\\n")
for number in range(500):
    print("line", number, flush=True)
while not (work / "go").exists():
    time.sleep(0.02)
print("end")
"""


def once(home, mark, **job):
    return home.submit({"command": f"python once.py {home.work} {mark}", **job}, {"once.py": ONCE})


@case
def a_clock_that_is_set_changes_no_order_and_ends_nothing(home):
    offset = shim(home)
    home.start()
    jobs = [once(home, "a", limits={"timeout": 600})]
    home.wait_for(jobs[0], "Running")
    for mark, seconds in (("b", 3600), ("c", -3600), ("d", 0)):
        offset.write_text(str(seconds))
        jobs.append(once(home, mark, limits={"timeout": 600}))
        if len(jobs) <= os.cpu_count():
            home.wait_for(jobs[-1], "Running")
        time.sleep(0.6)
        assert home.show(jobs[0])["state"] == "Running", home.why(jobs[0])
    listed = home.cli("job", "list", "--query", "[].name", "-o", "tsv").out.split()
    assert listed == jobs[::-1], f"{listed} but submitted {jobs}"
    offset.write_text("-3600")
    home.kill()
    home.start()
    (home.work / "go").touch()
    for mark, job in zip("abcd", jobs):
        assert home.wait(job) == "Completed", home.why(job)
        assert (home.work / f"runs-{mark}").read_text() == "run\n"
        assert home.user_log(job) == "".join(f"line {n}\n" for n in range(500)) + "end\n"
        rows = home.show(job)["transitions"]
        assert rows[-1]["to"] == "Completed" and len({row["to"] for row in rows}) == len(rows), rows


@case
def another_boot_and_a_clock_that_was_set_have_the_right_cause(home):
    offset = shim(home)
    home.start()
    job = once(home, "a")
    home.wait_for(job, "Running")
    until((home.work / "runs-a").exists, 20, "the job's start")
    home.kill()
    for pid, _ in home.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not home.processes(), 10, "the end of everything")
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    changed = 0
    for file in (home.path / "jobs" / job).rglob("*"):
        if file.is_file() and boot in file.read_text(errors="replace"):
            file.write_text(file.read_text().replace(boot, "00000000-0000-0000-0000-000000000000"))
            changed += 1
    assert changed, "nothing tells the boot"
    for seconds in (3600, -3600):
        offset.write_text(str(seconds))
        home.start()
        ended = home.wait_for(job, *harness.ENDED)
        assert (ended["state"], ended["cause"]) == ("Failed", "machine_restarted"), home.why(job)
        home.kill()
    assert (home.work / "runs-a").read_text() == "run\n"
    home.start()
    (home.work / "go").touch()
    again = once(home, "b")
    assert home.wait(again) == "Completed", home.why(again)


# The log, the command line, a browser.


@case
def the_log_is_kept_short(home):
    home.path.mkdir(mode=0o700)
    (home.path / "config.toml").write_text('[log]\nmax_size = "8 KiB"\nkeep = 2\n')
    home.cli("up", "--port", str(home.port), "--log-level", "debug")
    try:
        for _ in range(400):
            home.request("GET", "/healthz")
        logs = sorted(path.name for path in (home.path / "logs").iterdir())
        assert logs == ["server.log", "server.log.1", "server.log.2"], logs
        for path in (home.path / "logs").iterdir():
            assert path.stat().st_size < 9000, f"{path}: {path.stat().st_size}"
            assert path.stat().st_mode & 0o077 == 0
            for line in path.read_text().splitlines():
                json.loads(line)
    finally:
        home.cli("down")


@case
def up_says_what_a_running_server_does_not_do(home):
    home.cli("up", "--port", str(home.port))
    try:
        assert "is up already" in home.cli("up", "--address", "127.0.0.1", "--log-level", "info").out
        said = home.cli("up", "--address", "0.0.0.0", "--log-level", "debug", code=5).err
        assert "keeps its settings (address 127.0.0.1, log level info)" in said and "lazurite down" in said, said
    finally:
        home.cli("down")


@case
def a_browser_finds_a_page_and_two_hosts_are_refused(home):
    home.start()
    for path in ("/", "/studio", "/studio/jobs/calm_pear_1"):
        status, page = home.request("GET", path, headers={"Authorization": ""})
        assert status == 200 and b"<h1>Lazurite" in page, f"{path}: {status} {page[:100]}"
    status, _ = home.request("GET", "/lazurite/v1/server", headers={"Authorization": ""})
    assert status == 401
    with socket.create_connection(("127.0.0.1", home.port)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")


SYSTEMCTL = """#!/bin/sh
# Plays systemd's user manager: keeps what it was told, and starts what a unit says.
echo "$@" >> {state}/calls
unit={config}/systemd/user/lazurite.service
case "$*" in
  "--user show --property=Version") echo Version=252 ;;
  "--user show lazurite.service"*)
    pid=$(cat {state}/pid 2>/dev/null || echo 0)
    kill -0 "$pid" 2>/dev/null && [ "$pid" != 0 ] && echo ActiveState=active || echo ActiveState=inactive
    [ -e {state}/enabled ] && echo UnitFileState=enabled || echo UnitFileState=disabled
    echo "MainPID=$pid" ;;
  "--user enable lazurite.service") touch {state}/enabled ;;
  "--user restart lazurite.service")
    command=$(sed -n 's/^ExecStart=//p' $unit)
    log=$(sed -n 's/^StandardError=append://p' $unit)
    eval "exec setsid $command" >> "$log" 2>&1 < /dev/null &
    echo $! > {state}/pid ;;
  "--user disable --now lazurite.service")
    rm -f {state}/enabled; kill $(cat {state}/pid) ;;
esac
"""


@case
def a_service_is_installed_started_and_removed(home):
    state, config, programs = home.work / "state", home.work / "config", home.work / "bin"
    state.mkdir(), programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL.format(state=state, config=config))
    (programs / "loginctl").write_text("#!/bin/sh\necho Linger=no\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    home.environment["PATH"] = f"{programs}:{home.environment['PATH']}"
    home.environment["XDG_CONFIG_HOME"] = str(config)
    assert json.loads(home.cli("service", "status", "-o", "json", code=1).out)["installed"] is False
    home.start()  # by hand: the service takes its place, on its port
    done = home.cli("service", "install")
    assert home.server.wait(timeout=20) == 0
    assert "loginctl enable-linger" in done.err and f":{home.port}" in done.out, done
    unit = (config / "systemd/user/lazurite.service").read_text()
    assert f'serve --home "{home.path}" --port {home.port}' in unit and "KillMode=process" in unit, unit
    if shutil.which("systemd-analyze"):
        checked = subprocess.run(["systemd-analyze", "--user", "verify", config / "systemd/user/lazurite.service"],
                                 capture_output=True, text=True, check=False)
        assert "lazurite.service:" not in checked.stderr, checked.stderr
    calls = (state / "calls").read_text().splitlines()
    orders = [call for call in calls if "show" not in call]
    assert orders == ["--user daemon-reload", "--user enable lazurite.service",
                      "--user restart lazurite.service"], orders
    seen = json.loads(home.cli("service", "status", "-o", "json").out)
    assert (seen["state"], seen["enabled"], seen["home"]) == ("active", True, str(home.path)), seen
    job = once(home, "a")
    home.wait_for(job, "Running")
    other = home.cli("service", "install", "--home", str(home.work / "other"), code=5).err
    assert "serves the home" in other, other
    home.cli("service", "uninstall")
    assert not (config / "systemd/user/lazurite.service").exists()
    until(lambda: not home.is_ready(), 20, "the server's end")
    (home.work / "go").touch()
    home.start()
    assert home.wait(job) == "Completed", home.why(job)
    assert (home.work / "runs-a").read_text() == "run\n"


@case
def without_systemd_a_service_is_refused_with_another_way(home):
    programs = home.work / "bin"
    programs.mkdir()
    home.environment["PATH"] = str(programs)
    said = home.cli("service", "install", "--port", "9000", code=5).err
    assert "nothing was installed" in said and "@reboot" in said and f"--home {home.path}" in said, said
    assert "--port 9000" in said and "is not on this machine" in said, said
    (programs / "systemctl").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    (programs / "systemctl").chmod(0o755)
    said = home.cli("service", "install", code=5).err
    assert "no systemd user manager runs" in said and "Failed to connect to bus" in said, said


@case
def doctor_looks_at_everything(home):
    home.start()
    findings = {one["what"]: one for one in json.loads(home.cli("doctor", "-o", "json", code=None).out)}
    for what in ("uv", "python3", "pythons", "conda", "image engines", "slurm", "GPUs", "cgroups", "namespaces",
                 "open files", "clock", "home", "file system", "free space", "port", "server", "service"):
        assert what in findings, f"{what} is missing among {list(findings)}"
    assert str(home.port) in findings["port"]["found"]
    for one in findings.values():
        assert one["grade"] == "ok" or one["remedy"], one


# Many slow uploads and the rest of the server.


@case
def slow_uploads_hold_up_nobody(home):
    home.start()
    job = home.submit({"command": "for i in $(seq 200); do echo $i; sleep 0.02; done"})
    senders = []
    try:
        for number in range(8):
            body = json.dumps({"name": f"up-{number}"}).encode()
            sender = socket.create_connection(("127.0.0.1", home.port))
            token = (home.path / "tokens/owner").read_text().strip()
            sender.sendall(f"PUT /api/2.0/mlflow-artifacts/artifacts/slow/{number}.bin HTTP/1.1\r\nHost: x\r\n"
                           f"Authorization: Bearer {token}\r\nContent-Length: 100000000\r\n\r\n".encode() + body)
            senders.append(sender)
        began = time.monotonic()
        for _ in range(20):
            home.get("/lazurite/v1/jobs/" + job)
            home.request("GET", f"/lazurite/v1/jobs/{job}/logs/user_logs/std_log.txt")
            for sender in senders:
                sender.sendall(b"y" * 4096)
        assert time.monotonic() - began < 5, f"{time.monotonic() - began} s for 40 requests"
        assert home.wait(job) == "Completed", home.why(job)
    finally:
        for sender in senders:
            sender.close()


if __name__ == "__main__":
    harness.main()
