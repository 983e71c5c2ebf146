# SPDX-License-Identifier: Apache-2.0
"""The shell scripts delete nothing that they did not make, and say in full what is to be installed and how."""
import os
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ.get("ATLAS_SOURCE_FOLDER", pathlib.Path(__file__).parents[2]))


def run(script, *arguments, **environment):
    shell = shutil.which("sh")
    return subprocess.run([shell, str(SOURCE / script), *map(str, arguments)], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


@pytest.mark.parametrize("script", ["cmake/demo_documents.sh", "tests/consumer/run.sh"])
def test_a_folder_that_a_script_did_not_make_is_refused_and_kept(script, tmp_path):
    kept = tmp_path / "folder" / ".mine"
    kept.parent.mkdir()
    kept.write_text("precious")
    said = run(script, kept.parent)
    assert said.returncode == 1
    assert str(kept.parent) in said.stderr
    assert [path.name for path in kept.parent.iterdir()] == [".mine"] and kept.read_text() == "precious"
    assert run(script).returncode == 64
    assert run(script, "").returncode == 64


def test_the_demo_documents_are_made_anew(tmp_path):
    folder = tmp_path / "new" / "documents"
    assert run("cmake/demo_documents.sh", folder).returncode == 0
    assert (folder / "README.md").is_file() and (folder / "include/atlas/hnsw.hpp").is_file()
    (folder / "left_over.md").write_text("of the last time")
    assert run("cmake/demo_documents.sh", folder).returncode == 0
    assert (folder / "README.md").is_file() and not (folder / "left_over.md").exists()


def machine(folder, user, **programs):
    """A PATH with nothing but what setup.sh itself runs, apt-get, which notes its arguments, and `programs`."""
    for name in ("env", "mktemp", "rm", "tail"):
        (folder / name).symlink_to(shutil.which(name))
    shell = shutil.which("sh")
    programs = {"id": f"echo {user}", "apt-get": f'echo "$*" >>"{folder}/calls"; exit "${{APT_ENDS:-0}}"', **programs}
    for name, body in programs.items():
        (folder / name).write_text(f"#!{shell}\n{body}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_without_rights_the_printed_command_is_complete(tmp_path):
    path = machine(tmp_path, 1000, sudo="exit 1")
    said = run("cmake/setup.sh", "cli", **path)
    assert said.returncode == 69
    assert ("  sudo apt-get update && sudo apt-get install --yes --no-install-recommends libcli11-dev nlohmann-json3-dev\n"
            in said.stderr)
    (tmp_path / "sudo").unlink()
    said = run("cmake/setup.sh", "cli", **path)
    assert said.returncode == 69
    assert ("  as root: apt-get update && apt-get install --yes --no-install-recommends libcli11-dev nlohmann-json3-dev\n"
            in said.stderr)
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("user, programs", [(0, {}), (1000, {"sudo": 'shift; exec "$@"'})])
def test_with_rights_it_installs_and_waits_for_another_apt_get(tmp_path, user, programs):
    path = machine(tmp_path, user, **programs)
    if programs:  # sudo -n true
        (tmp_path / "true").symlink_to(shutil.which("true"))
    install = "-o DPkg::Lock::Timeout=120 install --yes --no-install-recommends libcli11-dev nlohmann-json3-dev"
    assert run("cmake/setup.sh", "cli", **path).returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == [install]
    (tmp_path / "calls").unlink()
    failed = run("cmake/setup.sh", "cli", APT_ENDS="100", **path)
    assert failed.returncode == 69 and "This failed: apt-get install" in failed.stderr
    assert (tmp_path / "calls").read_text().splitlines() == [install, "-o DPkg::Lock::Timeout=120 update", install]
