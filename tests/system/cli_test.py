"""Runs the transcripts of tests/text/cli, and what a transcript cannot show: signals, terminals, a server that goes away.

A transcript is a list of commands with their exit codes and what they print, standard output before standard error:

    $ lazurite job show -n nope
    ---- 3
    error: no job named "nope" in workspace "default"
    help: lazurite job list

`<word>` stands for any text without blanks, `<words...>` for any text of a line, a line of three dots for any lines.
`$ write FILE` makes a file of the lines up to `----`. `# server: none` in the head: no server runs.
"""

import os
import pathlib
import pty
import re
import shlex
import signal
import subprocess
import time

import harness

TRANSCRIPTS = harness.ROOT / "tests/text/cli"


def pattern(lines):
    """A regular expression for expected lines."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
            continue
        pieces = re.split(r"(<[a-z ]+(?:\.\.\.)?>)", line)
        text = "".join((".*" if piece.endswith("...>") else r"\S+") if piece.startswith("<") and index % 2
                       else re.escape(piece) for index, piece in enumerate(pieces))
        parts.append(text + r"\n")
    return "".join(parts) + r"\Z"


def parse(text):
    """Head lines, and steps: (line number, command, expected code, lines)."""
    head, steps, step = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ ") and (step is None or step[2] is not None):
            step = [number, line[2:], None, []]
            steps.append(step)
        elif step is None:
            head.append(line)
        elif re.fullmatch(r"----( \d+)?", line) and step[2] is None:
            step[2] = int(line[5:] or 0)
        elif step[2] is None or not step[1].startswith("write "):
            step[3].append(line)
    return head, steps


def run_transcript(home, path):
    head, steps = parse(path.read_text())
    if "# server: none" in head:
        home.environment["LAZURITE_SERVER"] = "http://127.0.0.1:9"
    else:
        home.start()
    for number, command, code, lines in steps:
        words = shlex.split(command)
        if words[0] == "write":
            home.write(words[1], "\n".join(lines) + "\n")
            continue
        assert words[0] == "lazurite", f"{path.name}:{number}: {command}"
        while lines and not lines[-1]:
            lines.pop()
        done = home.cli(*words[1:], code=None)
        said = done.out + ("" if not done.out or done.out.endswith("\n") else "\n") + done.err
        assert done.code == code and re.match(pattern(lines), said), (
            f"{path.name}:{number}: expected {code} and\n" + "\n".join(lines) + f"\ngot\n{done}")


def add_transcript(path):
    def one(home):
        run_transcript(home, path)
    one.__name__ = f"transcript_{path.stem}"
    harness.case(one)


for file in sorted(TRANSCRIPTS.glob("*.cli")):
    add_transcript(file)

LINES = 40
LONG = {"command": f"for i in $(seq 1 {LINES}); do echo line $i; sleep 0.1; done"}
ALL_LINES = "".join(f"line {i}\n" for i in range(1, LINES + 1))


def spawn(home, *arguments, **options):
    return subprocess.Popen([harness.BINARY, *arguments], env=home.environment, cwd=home.work,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


@harness.case
def up_and_down_start_and_stop_the_server(home):
    began = home.cli("up", "--port", "0").out
    assert "lazurite is up\n" in began and f"home     {home.path}" in began, began
    assert "is up already" in home.cli("up").out
    job = home.cli("job", "create", "-f", home.write("long.yml", {
        "command": "sleep 3", "environment": {"image": harness.PYTHON_IMAGE}}), "--query", "name",
        "-o", "tsv").out.strip()
    home.cli("wait", job, "--for", "running", "--timeout", "60s")
    stopped = home.cli("down")
    assert stopped.out == "lazurite is down\n" and "1 job goes on" in stopped.err, stopped
    assert "no server runs" in home.cli("down").err
    home.cli("up", "--port", "0")
    assert home.cli("wait", job, "--timeout", "60s").out == "Completed\n"
    home.cli("down")


@harness.case
def up_says_why_a_server_does_not_start(home):
    home.start()
    other = home.folder / "other"
    done = home.cli("up", "--port", str(home.port), "--home", str(other), code=5)
    assert "the server did not start" in done.err and str(home.port) in done.err, done


@harness.case
def a_running_server_keeps_its_settings(home):
    home.start()
    assert "is up already" in home.cli("up", "--port", str(home.port)).out
    done = home.cli("up", "--port", str(harness.free_port()), code=5)
    assert "keeps its settings" in done.err and "help: lazurite down, then lazurite up --port" in done.err, done
    done = home.cli("up", "--port", "abc", code=2)
    assert done.err.startswith('error: --port is "abc"') and "lazurite up --help" in done.err, done


@harness.case
def an_interrupted_up_leaves_no_server_behind(home):
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.mkfifo(home.path / "config.toml")
    up = spawn(home, "up", "--port", "0")
    children = pathlib.Path(f"/proc/{up.pid}/task/{up.pid}/children")
    harness.until(lambda: children.read_text().split(), what="the server's process")
    server = int(children.read_text().split()[0])
    up.send_signal(signal.SIGINT)
    out, err = up.communicate(timeout=30)
    assert (up.returncode, out) == (130, "") and err.startswith("interrupted: "), (up.returncode, out, err)
    assert err.count("\n") == 1 and not pathlib.Path(f"/proc/{server}").exists(), err


@harness.case
def a_followed_log_survives_the_servers_death(home):
    home.start()
    job = home.submit(LONG)
    follower = spawn(home, "logs", job, "--follow")
    home.wait_for(job, "Running")
    time.sleep(0.5)
    home.kill()
    time.sleep(1)
    home.start(port=harness.free_port())
    out, err = follower.communicate(timeout=60)
    assert out == ALL_LINES, (out, err)
    assert follower.returncode == 0, (follower.returncode, err)


@harness.case
def one_interrupt_detaches_and_two_cancel(home):
    home.start()
    job = home.submit({"command": "echo begun; sleep 60"})
    for presses, state in ((1, "Running"), (2, "Canceled")):
        follower = spawn(home, "job", "stream", job)
        assert follower.stdout.readline() == "begun\n"
        for _ in range(presses):
            follower.send_signal(signal.SIGINT)
            time.sleep(0.3)
        _, err = follower.communicate(timeout=20)
        assert follower.returncode == 130, err
        assert f"lazurite logs {job} --follow" in err if presses == 1 else "asked job" in err, err
        home.wait_for(job, state)


@harness.case
def ranks_are_told_apart(home):
    home.start()
    job = home.submit({"command": "echo rank $RANK of $WORLD_SIZE", "resources": {"instance_count": 2},
                       "distribution": {"type": "pytorch", "process_count_per_instance": 2}})
    home.wait(job)
    lines = sorted(home.cli("logs", job).out.splitlines())
    assert lines == [f"[{rank}] rank {rank} of 4" for rank in range(4)], lines
    assert home.cli("logs", job, "--rank", "2").out == "rank 2 of 4\n"


@harness.case
def a_tail_begins_lines_before_the_end(home):
    home.start()
    job = home.submit({"command": "seq 1 100000"})
    home.wait(job)
    assert home.cli("logs", job, "--tail", "3").out == "99998\n99999\n100000\n"
    assert home.cli("logs", job, "--tail", "0").out == ""
    everything = "".join(f"{i}\n" for i in range(1, 100001))
    assert home.cli("logs", job).out == everything
    assert home.cli("logs", job, "--tail", "200000").out == everything


def on_terminal(home, *arguments, columns=80):
    """What a command writes to a terminal of that width."""
    import fcntl
    import struct
    import termios
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    before = termios.tcgetattr(terminal)
    environment = dict(home.environment, TERM="xterm")
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([harness.BINARY, *arguments], env=environment, cwd=home.work,
                               stdin=terminal, stdout=terminal, stderr=terminal)
    heard = b""
    process.wait(timeout=60)
    assert termios.tcgetattr(terminal) == before, "the terminal is not as it was"
    os.close(terminal)
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:
            break
        if not piece:
            break
        heard += piece
    os.close(controller)
    return heard.decode()


@harness.case
def a_terminal_gets_a_table_with_colours_that_fits(home):
    home.start()
    home.wait(home.submit({"command": "true"}, name="one"))
    shown = on_terminal(home, "job", "list", columns=60)
    assert "✓ Completed" in shown and "\x1b[32m" in shown, shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "")
    assert all(len(line) <= 60 for line in plain.splitlines()), plain
    assert plain.splitlines()[1].startswith("one "), plain


@harness.case
def completion_knows_live_names(home):
    home.start()
    home.wait(home.submit({"command": "true"}, name="brave_one"))
    home.wait(home.submit({"command": "true"}, name="calm_two"))
    assert home.cli("__complete", "--", "job", "show", "br").out == "brave_one\n"
    assert home.cli("__complete", "--", "ps", "-o", "ya").out == "yaml\nyamlc\n"
    assert "create\t" in home.cli("__complete", "--", "job", "cr").out
    script = home.cli("completion", "bash").out
    bash = subprocess.run(
        ["bash", "-c", script + '\nCOMP_WORDS=(lazurite logs ca) COMP_CWORD=2; _lazurite; '
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        env=dict(home.environment, PATH=f"{pathlib.Path(harness.BINARY).parent}:{os.environ['PATH']}"),
        capture_output=True, text=True, timeout=20)
    assert bash.stdout == "calm_two\n", (bash.stdout, bash.stderr)


@harness.case
def an_ambiguous_name_lists_the_candidates(home):
    home.start()
    for name in ("same_a", "same_b"):
        home.wait(home.submit({"command": "true"}, name=name))
    done = home.cli("job", "show", "same", code=2)
    assert "same_a" in done.err and "same_b" in done.err, done
    assert home.cli("job", "show", "same_a", "--query", "name", "-o", "tsv").out == "same_a\n"


@harness.case
def the_environment_for_sdks_reaches_a_program(home):
    home.start()
    done = home.cli("exec", "--", "sh", "-c", "echo $MLFLOW_TRACKING_URI $MLFLOW_TRACKING_TOKEN")
    token = (home.path / "tokens/owner").read_text().strip()
    assert done.out == f"http://127.0.0.1:{home.port} {token}\n", done
    shell = subprocess.run(["sh", "-c", f'eval "$({harness.BINARY} env)"; echo $LAZURITE_SERVER'],
                           env=home.environment, capture_output=True, text=True, timeout=20)
    assert shell.stdout == f"http://127.0.0.1:{home.port}\n", shell
    assert home.cli("exec", "--", "sh", "-c", "exit 9", code=9)


@harness.case
def a_reader_that_goes_away_ends_the_command(home):
    home.start()
    job = home.submit({"command": "seq 1 300000"})
    home.wait(job)
    follower = spawn(home, "logs", job)
    assert follower.stdout.readline() == "1\n"
    follower.stdout.close()
    assert follower.wait(timeout=20) == -signal.SIGPIPE


if __name__ == "__main__":
    harness.main()
