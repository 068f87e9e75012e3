#!/usr/bin/env python3
"""Shares: GPUs go to one job at a time, whoever's server started it; what waits says for whom."""

import fcntl
import json
import os
import pwd
import signal
import subprocess
import time

import harness

OTHER_UID = 65534  # nobody's
GPU_JOB = "echo gpu=$CUDA_VISIBLE_DEVICES nvidia=$NVIDIA_VISIBLE_DEVICES; touch started; " \
          "while [ ! -e {go} ]; do sleep 0.05; done"


def configure(home, text):
    home.path.mkdir(parents=True, exist_ok=True)
    (home.path / "config.toml").write_text(text)


def board(home):
    """A folder for lock files that both of a case's servers use."""
    folder = home.folder / "slots"
    home.folder.chmod(0o755)
    return folder


def gpus_of(home, job):
    return home.show(job)["placement"]["gpus"]


def as_other_user(home):
    """Lets the server of `home` run as another user; True if there can be one."""
    if os.geteuid() != 0:
        return False
    try:
        subprocess.run([harness.BINARY, "version"], user=OTHER_UID, check=True,
                       capture_output=True, env=home.environment)
    except (OSError, subprocess.CalledProcessError):
        return False
    home.folder.chmod(0o755)
    for path in [home.folder, *home.folder.rglob("*")]:
        os.chown(path, OTHER_UID, OTHER_UID)
    home.environment["HOME"] = str(home.folder)
    real = subprocess.Popen

    def start(*flags, port=None):
        def popen(*arguments, **named):
            return real(*arguments, user=OTHER_UID, group=OTHER_UID, extra_groups=[], **named)
        subprocess.Popen = popen
        try:
            harness.Home.start(home, *flags, port=port)
        finally:
            subprocess.Popen = real

    home.start = start
    return True


class Holder:
    """A program outside of Lazurite that holds a GPU by its lock file, as flock(1) does."""

    def __init__(self, file):
        self.process = subprocess.Popen(["flock", "-o", str(file), "sleep", "600"],
                                        start_new_session=True)
        harness.until(lambda: self.holds(file), 10, "the lock")

    @staticmethod
    def holds(file):
        if not file.exists():
            return False
        with open(file, "r+b") as probe:
            try:
                fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            return False

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()


@harness.case
def six_jobs_of_two_users_share_four_gpus(home):
    slots = board(home)
    other = harness.Home("other")
    try:
        for one in (home, other):
            configure(one, f'[compute]\ngpus = 4\nslots = 8\nlocks = "{slots}"\n')
        is_two = as_other_user(other)
        home.start()
        other.start()
        go = home.folder / "go"
        jobs = []
        for number in range(6):
            one = (home, other)[number % 2]
            jobs.append((one, one.submit({"command": GPU_JOB.format(go=go),
                                          "resources": {"gpus": 1}}, name=f"job-{number}")))

        def running():
            return [(one, job) for one, job in jobs if one.show(job)["state"] == "Running"]
        try:
            harness.until(lambda: len(running()) == 4, 30, "four running jobs")
        except AssertionError:
            raise AssertionError("\n".join(one.why(job) for one, job in jobs))
        # A while later there are not more of them, and each has another GPU.
        time.sleep(1.5)
        held = [gpus_of(one, job)[0] for one, job in running()]
        assert sorted(held) == ["0", "1", "2", "3"], held
        for one, job in running():
            log = harness.until(lambda: one.user_log(job), 10, "output")
            gpu = gpus_of(one, job)[0]
            assert f"gpu={gpu} nvidia={gpu}" in log, log

        waiting = [(one, job) for one, job in jobs if one.show(job)["state"] == "Queued"]
        assert len(waiting) == 2, waiting
        for one, job in waiting:
            why = one.show(job)["reason"]
            assert why.startswith("needs 1 GPU, 0 of 4 free: GPU 0 held by job job-"), why
            theirs = pwd.getpwuid(OTHER_UID if is_two and one is home else os.geteuid()).pw_name
            assert f" of user {theirs} (process " in why, why
        seen = json.loads(home.cli("compute", "show", "local", "-o", "json").out)["lazurite"]
        assert len(seen["machine"]["gpu_details"]) == 4, seen
        assert len(seen["holders"]) == 2 or len(seen["holders"]) + len(seen["waiting"]) == 3, seen
        go.touch()
        for one, job in jobs:
            assert one.wait(job) == "Completed", one.why(job)
    finally:
        other.close()


@harness.case
def a_foreign_process_on_gpu_2_is_stepped_around(home):
    slots = board(home)
    configure(home, f'[compute]\ngpus = 4\nslots = 8\nlocks = "{slots}"\n')
    home.start()
    file = slots / "gpu-2"
    harness.until(file.exists, 10, "the lock file")
    holder = Holder(file)
    try:
        go = home.folder / "go"
        jobs = [home.submit({"command": GPU_JOB.format(go=go), "resources": {"gpus": 1}})
                for _ in range(4)]
        harness.until(lambda: sum(home.show(job)["state"] == "Running" for job in jobs) == 3, 30,
                      "three running jobs")
        [last] = [job for job in jobs if home.show(job)["state"] == "Queued"]
        held = sorted(gpus_of(home, job)[0] for job in jobs if job != last)
        assert held == ["0", "1", "3"], held
        why = home.show(last)["reason"]
        user = pwd.getpwuid(os.geteuid()).pw_name
        assert f"GPU 2 by process {holder.process.pid} (flock) of user {user}" in why, why
        holder.end()
        assert home.wait_for(last, "Running", seconds=10)
        assert gpus_of(home, last) == ["2"]
        go.touch()
        for job in jobs:
            assert home.wait(job) == "Completed", home.why(job)
    finally:
        holder.end()


@harness.case
def a_job_without_gpus_sees_none_and_nodes_see_different_ones(home):
    configure(home, f'[compute]\ngpus = 4\nslots = 8\nlocks = "{board(home)}"\n')
    home.start()
    plain = home.submit({"command": "echo c=[$CUDA_VISIBLE_DEVICES] n=[$NVIDIA_VISIBLE_DEVICES] "
                                    "r=[$ROCR_VISIBLE_DEVICES] h=[$HIP_VISIBLE_DEVICES]"})
    assert home.wait(plain) == "Completed", home.why(plain)
    assert "c=[] n=[] r=[] h=[]" in home.user_log(plain)
    many = home.submit({"command": "echo rank $LOCAL_RANK sees $CUDA_VISIBLE_DEVICES",
                        "resources": {"gpus": 2, "instance_count": 2},
                        "distribution": {"type": "pytorch", "process_count_per_instance": 2}})
    assert home.wait(many) == "Completed", home.why(many)
    logs = [home.user_log(many, f"user_logs/std_log_process_{rank}.txt").strip()
            for rank in range(4)]
    assert logs == ["rank 0 sees 0,1", "rank 1 sees 0,1", "rank 0 sees 2,3", "rank 1 sees 2,3"], logs


@harness.case
def two_jobs_share_a_gpu_where_fractions_are_allowed(home):
    configure(home, f'[compute]\ngpus = 1\ngpu_fractions = 2\nslots = 8\nlocks = "{board(home)}"\n')
    home.start()
    go = home.folder / "go"
    jobs = [home.submit({"command": GPU_JOB.format(go=go), "resources": {"gpus": 1}})
            for _ in range(3)]
    harness.until(lambda: sum(home.show(job)["state"] == "Running" for job in jobs) == 2, 30,
                  "two running jobs")
    time.sleep(1.2)
    assert home.show(jobs[2])["state"] == "Queued"
    assert any("shares" in note for note in home.show(jobs[0])["notes"]), home.show(jobs[0])
    go.touch()
    for job in jobs:
        assert home.wait(job) == "Completed", home.why(job)


@harness.case
def gpus_stay_held_while_the_server_is_away(home):
    slots = board(home)
    configure(home, f'[compute]\ngpus = 1\nslots = 8\nlocks = "{slots}"\n')
    other = harness.Home("other")
    configure(other, f'[compute]\ngpus = 1\nslots = 8\nlocks = "{slots}"\n')
    try:
        home.start()
        go = home.folder / "go"
        job = home.submit({"command": GPU_JOB.format(go=go), "resources": {"gpus": 1}})
        home.wait_for(job, "Running")
        home.kill()
        other.start()
        next_one = other.submit({"command": "true", "resources": {"gpus": 1}})
        why = harness.until(lambda: other.show(next_one)["reason"], 10, "a reason")
        assert f"job {job} of user" in why, why
        go.touch()
        assert other.wait(next_one, seconds=20) == "Completed", other.why(next_one)
        home.start()
        assert home.wait(job) == "Completed", home.why(job)
    finally:
        other.close()


@harness.case
def a_spot_job_gives_way_and_runs_again(home):
    configure(home, f'[compute]\ngpus = 1\nslots = 8\nlocks = "{board(home)}"\n')
    home.start()
    spot = home.submit({"command": "echo attempt; [ -e $MARK ] || { touch $MARK; sleep 600; }",
                        "environment_variables": {"MARK": str(home.folder / "mark")},
                        "resources": {"gpus": 1}, "queue_settings": {"job_tier": "spot"}})
    home.wait_for(spot, "Running")
    harness.until(lambda: (home.folder / "mark").exists(), 10, "the mark")
    firm = home.submit({"command": "echo firm", "resources": {"gpus": 1}})
    assert home.wait(firm) == "Completed", home.why(firm)
    assert home.wait(spot) == "Completed", home.why(spot)
    seen = home.show(spot)
    assert seen["attempt"] == 2, seen
    assert any(f"it gave its place to job {firm}" in note for note in seen["notes"]), seen["notes"]


@harness.case
def an_unknown_compute_is_the_machine_or_refused(home):
    configure(home, f'[compute]\nlocks = "{board(home)}"\n')
    home.start()
    job = home.submit({"command": "true", "compute": "azureml:gpu-cluster"})
    assert home.wait(job) == "Completed", home.why(job)
    assert any('no compute is called "gpu-cluster"' in note for note in home.show(job)["notes"])
    home.stop()
    configure(home, f'[compute]\nunknown = "refuse"\nlocks = "{board(home)}"\n')
    home.start()
    for compute in ("compute: azureml:gpu-cluster\n", ""):
        file = home.write("job.yml", f"command: echo hello\n{compute}"
                                     f"environment: {{image: {harness.PYTHON_IMAGE}}}\n")
        refused = home.cli("job", "create", "-f", file, code=None)
        assert refused.code != 0 and "compute" in refused.err, refused


@harness.case
def a_size_larger_than_the_machine_is_cut_and_the_job_says_so(home):
    configure(home, f'[compute]\ngpus = 0\nslots = 2\nlocks = "{board(home)}"\n')
    home.start()
    home.cli("compute", "create", "--name", "gpu", "--type", "amlcompute", "--size",
             "STANDARD_NC6s_v3", "--max-instances", "1")
    job = home.submit({"command": "true", "compute": "azureml:gpu"})
    assert home.wait(job) == "Completed", home.why(job)
    notes = home.show(job)["notes"]
    assert any("asks for 6 cores; this machine has 2 cores" in note for note in notes), notes
    home.cli("compute", "update", "gpu", "--max-instances", "0")
    job = home.submit({"command": "true", "compute": "azureml:gpu"})
    why = harness.until(lambda: home.show(job)["reason"], 10, "a reason")
    assert why.startswith("compute gpu takes no jobs"), why
    home.cli("compute", "update", "gpu", "--max-instances", "1")
    assert home.wait(job) == "Completed", home.why(job)


@harness.case
def notes_reach_whoever_follows_a_job_once_each(home):
    configure(home, f'[compute]\nlocks = "{board(home)}"\n')
    home.start()
    note = 'no compute is called "gpu-cluster"'
    for command in ("true", "sleep 1.5"):
        file = home.write("job.yml", f"command: {command}\ncompute: azureml:gpu-cluster\n"
                                     f"environment: {{image: {harness.PYTHON_IMAGE}}}\n")
        submitted = home.cli("submit", file)
        assert submitted.err.count(note) == 1, submitted
    ended = home.submit({"command": "true", "compute": "azureml:gpu-cluster"})
    assert home.wait(ended) == "Completed", home.why(ended)
    for words in (("job", "stream", "--name", ended), ("logs", ended, "--follow")):
        told = home.cli(*words)
        assert told.err.count(note) == 1, told
    assert note not in home.cli("logs", ended).err


if __name__ == "__main__":
    harness.main()
