# SPDX-License-Identifier: Apache-2.0
"""Runs the command `atlas` that ATLAS_COMMAND names; without it every test here is skipped."""
import json
import os
import subprocess

import pytest

OK, FAILED, USAGE, FILE, INTERRUPTED = 0, 1, 2, 3, 130


class Atlas:
    def __init__(self, command, folder):
        self.command = command
        self.folder = folder

    def run(self, *arguments, code=OK, **options):
        done = subprocess.run([self.command, *map(str, arguments)], cwd=self.folder, capture_output=True, timeout=300,
                              **options)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        assert b"\x1b" not in done.stdout + done.stderr  # neither is a terminal: no colour, no progress
        done.out = done.stdout.decode()
        done.err = done.stderr.decode()
        return done

    def json(self, *arguments, code=OK, **options):
        done = self.run(*arguments, "--json", code=code, **options)
        assert done.out.count("\n") == 1
        return json.loads(done.out)


@pytest.fixture
def atlas(tmp_path):
    command = os.environ.get("ATLAS_COMMAND")
    if not command:
        pytest.skip("ATLAS_COMMAND does not name the command line")
    return Atlas(command, tmp_path)


@pytest.fixture
def docs(tmp_path):
    """A folder of four documents, one of which is no text."""
    folder = tmp_path / "docs"
    (folder / "animals").mkdir(parents=True)
    (folder / "animals" / "cats.txt").write_text("Cats sleep most of the day.\n\nA cat purrs when it is content.\n")
    (folder / "baking.md").write_text("# Bread\n\nKnead the dough, let it rise, then bake the loaf in a hot oven.\n")
    (folder / "sailing.txt").write_text("Hoist the mainsail and steer the boat into the wind before tacking.\n")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    return folder
