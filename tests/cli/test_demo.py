# SPDX-License-Identifier: Apache-2.0
"""The questions of cmake/demo.sh are answered by a file they name, and not because they repeat it."""
import os
import pathlib
import re
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ.get("ATLAS_SOURCE_FOLDER", pathlib.Path(__file__).parents[2]))


def questions():
    lines = (SOURCE / "cmake" / "demo_questions.txt").read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]


def words(text):
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def test_there_are_three_questions():
    assert len(questions()) == 3 and all(len(line) == 2 for line in questions())


@pytest.mark.parametrize("question, answers", questions())
def test_the_first_answer_is_an_expected_file(atlas, question, answers):
    subprocess.run(["sh", SOURCE / "cmake" / "demo_documents.sh", atlas.folder / "documents"], check=True)
    atlas.run("index", "documents", "-o", "docs.atlas")
    first = atlas.json("search", "docs.atlas", question, "-k", 3)["hits"][0]
    assert first["path"] in answers.split()
    shared = words(question) & words(first["text"])
    assert len(shared) <= len(words(question)) / 2, shared
