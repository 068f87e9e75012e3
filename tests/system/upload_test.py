#!/usr/bin/env python3
"""Uploads with real servers: killed in the middle, started again; links that lead elsewhere."""

import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import harness  # noqa: E402

MEGABYTE = 1 << 20


def stored(home, name):
    found = list((home.path / "datastores/workspaceblobstore/LocalUpload").glob(f"*/{name}"))
    assert len(found) == 1, found
    return found[0]


def unfinished(home):
    return list((home.path / "datastores/.staging").glob("named-*/notes"))


def begin_upload(home, name, path):
    """Starts `data create` and holds it, and kills the server, once something has arrived."""
    client = subprocess.Popen(
        [harness.BINARY, "data", "create", "--name", name, "--type", "uri_folder", "--path", str(path)],
        env=home.environment, cwd=home.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    arrived = harness.until(lambda: [note for note in unfinished(home) if note.stat().st_size > 600], 20,
                            "the first pieces' arrival")
    client.send_signal(signal.SIGSTOP)
    home.kill()
    return client, arrived[0].stat().st_size


def big_folder(home):
    folder = home.work / "images"
    folder.mkdir()
    block = os.urandom(MEGABYTE)
    with (folder / "big.bin").open("wb") as file:
        for number in range(384):
            file.write(number.to_bytes(8, "big") + block[8:])
    (folder / "small.txt").write_text("small")
    return folder


@harness.case
def an_upload_goes_on_after_the_server_was_killed(home):
    home.start()
    folder = big_folder(home)
    client, noted = begin_upload(home, "images", folder)
    home.start()
    assert unfinished(home), "what had arrived is gone"
    client.send_signal(signal.SIGCONT)
    out, err = client.communicate(timeout=120)
    assert client.returncode == 0, out + err
    subprocess.run(["cmp", folder / "big.bin", stored(home, "images") / "big.bin"], check=True)
    assert (stored(home, "images") / "small.txt").read_text() == "small"
    assert not unfinished(home)
    # It is the very upload that others of the same content find.
    again = home.cli("data", "create", "--name", "again", "--type", "uri_folder", "--path", str(folder))
    assert "unchanged" in again.err, again
    assert noted > 600


@harness.case
def an_upload_waits_for_a_server_that_is_away(home):
    home.start()
    folder = big_folder(home)
    client, _ = begin_upload(home, "images", folder)
    client.send_signal(signal.SIGCONT)
    said = client.stderr.readline()
    while "gone away" not in said:
        assert said, "the client ended"
        said = client.stderr.readline()
    home.start()
    _, err = client.communicate(timeout=120)
    assert client.returncode == 0, err
    subprocess.run(["cmp", folder / "big.bin", stored(home, "images") / "big.bin"], check=True)


@harness.case
def an_upload_that_never_began_says_so_at_once(home):
    home.start()
    home.stop()
    folder = home.work / "data"
    folder.mkdir()
    (folder / "a").write_text("a")
    said = home.cli("data", "create", "--name", "a", "--type", "uri_folder", "--path", str(folder),
                    code=None, timeout=10)
    assert said.code != 0 and "lazurite up" in said.err, said


@harness.case
def links_out_of_a_data_folder_are_followed_and_told(home):
    home.start()
    (home.work / "elsewhere").mkdir()
    (home.work / "elsewhere/x.txt").write_text("from elsewhere")
    folder = home.work / "data"
    folder.mkdir()
    (folder / "own.txt").write_text("own")
    (folder / "alias.txt").symlink_to("own.txt")
    (folder / "far").symlink_to(home.work / "elsewhere")
    said = home.cli("data", "create", "--name", "data", "--type", "uri_folder", "--path", str(folder))
    assert "1 link leads out of data" in said.err and "far to " in said.err, said
    assert (stored(home, "data") / "far/x.txt").read_text() == "from elsewhere"
    assert not (stored(home, "data") / "far").is_symlink()


if __name__ == "__main__":
    harness.main()
