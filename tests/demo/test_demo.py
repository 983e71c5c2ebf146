# SPDX-License-Identifier: Apache-2.0
"""The demo's questions, asked of the demo's documents: the first hit is in the file that answers, and the search
did more than find the question's words again."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(os.environ["ATLAS_SOURCE_FOLDER"])
QUESTIONS = [line.split("\t") for line in (ROOT / "cmake/demo_questions.txt").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A function from a question to the hits, nearest first, over the demo's own documents."""
    command = os.environ.get("ATLAS_COMMAND")
    if not command:
        pytest.skip("the command line was not built")
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(["sh", str(ROOT / "cmake/demo_documents.sh"), str(folder / "documents")], check=True)
    subprocess.run([command, "index", str(folder / "documents"), "-o", str(folder / "docs.atlas")], check=True)

    def search(question):
        run = subprocess.run([command, "search", str(folder / "docs.atlas"), question, "-k", "3", "--json"], check=True,
                             capture_output=True, text=True)
        return json.loads(run.stdout)["hits"]

    return search


def words(text):
    return re.findall(r"\w+", text.lower())


def test_there_are_three_questions():
    assert len(QUESTIONS) == 3


@pytest.mark.parametrize("question, answer", QUESTIONS)
def test_the_first_hit_answers(ask, question, answer):
    first = ask(question)[0]
    assert first["path"] == answer
    assert first["line_begin"] >= 1 and first["line_end"] >= first["line_begin"]
    source = (ROOT / first["path"]).read_bytes()
    assert source[first["byte_begin"]:first["byte_end"]].decode() == first["text"]


@pytest.mark.parametrize("question, answer", QUESTIONS)
def test_at_most_half_of_the_words_are_shared(ask, question, answer):
    asked, found = words(question), set(words(ask(question)[0]["text"]))
    shared = [word for word in asked if word in found]
    assert 2 * len(shared) <= len(asked), (answer, shared)
