"""What a newcomer's machine is told, and what is done on it."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from mutual import bootstrap

BROWSER = bootstrap._packages("apt-get", ["chromium"])[0]


@pytest.fixture
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder that is the whole PATH: what a test puts into it is all that this machine has."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _program(folder: pathlib.Path, name: str, script: str = "exit 0") -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


class TestMissing:
    def test_asks_for_the_browser_and_the_accounting_programs_only_for_the_tests(self, programs: pathlib.Path) -> None:
        assert not bootstrap._missing(tests=False)
        assert bootstrap._missing(tests=True) == ["ledger", "hledger", "chromium"]

    def test_takes_chrome_for_chromium(self, programs: pathlib.Path) -> None:
        for name in ("ledger", "hledger", "google-chrome"):
            _program(programs, name)
        assert not bootstrap._missing(tests=True)
        assert bootstrap.chromium() == str(programs / "google-chrome")


class TestLineToType:
    def test_is_whole_and_exact_for_the_package_manager_at_hand(
        self, programs: pathlib.Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        _program(programs, "apt-get")
        line = bootstrap._line_to_type(["pango", "pangoft2", "chromium"])
        assert (
            f"    sudo apt-get install -y --no-install-recommends {BROWSER} libpango-1.0-0 libpangoft2-1.0-0\n" in line
        )

    def test_asks_homebrew_without_sudo(self, programs: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 501)
        _program(programs, "brew")
        assert "    brew install harfbuzz pango\n" in bootstrap._line_to_type(["pango", "pangoft2", "harfbuzz-subset"])

    def test_names_the_parts_where_no_package_manager_is_known(self, programs: pathlib.Path) -> None:
        assert "pango, chromium" in bootstrap._line_to_type(["pango", "chromium"])


class TestInstallDebian:
    def test_updates_once_and_installs_without_asking(self, programs: pathlib.Path) -> None:
        said = programs.parent / "said"
        _program(programs, "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {said}')
        bootstrap._install_debian(["ledger", "pango"])
        assert said.read_text(encoding="utf-8").splitlines() == [
            "noninteractive update -qq",
            "noninteractive install -qq -y --no-install-recommends ledger libpango-1.0-0",
        ]

    def test_says_what_apt_said_when_it_fails(self, programs: pathlib.Path) -> None:
        _program(programs, "apt-get", 'echo "E: no space left"; exit 100')
        with pytest.raises(bootstrap.SetupFailed, match="no space left"):
            bootstrap._install_debian(["ledger"])


class TestMain:
    def test_prints_nothing_and_is_quick_when_all_is_there(self) -> None:
        command = [sys.executable, "mutual/bootstrap.py", "--dev"]
        subprocess.run(command, cwd=bootstrap.CHECKOUT, check=True)
        again = subprocess.run(command, cwd=bootstrap.CHECKOUT, capture_output=True, text=True, check=True, timeout=10)
        assert again.stdout + again.stderr == ""

    def test_exits_with_one_and_the_line_to_type_where_it_may_not_install(self, tmp_path: pathlib.Path) -> None:
        """Run as somebody who is not root, on a machine that has no accounting programs."""
        checkout = tmp_path / "mutual" / "mutual"
        checkout.mkdir(parents=True)
        shutil.copy(bootstrap.__file__, checkout)
        folder = tmp_path / "bin"
        folder.mkdir()
        _program(folder, "apt-get", "exit 1")
        program = (
            "import os, sys, runpy; os.geteuid = lambda: 1000; sys.argv = ['bootstrap.py', '--tests'];"
            f"runpy.run_path({str(checkout / 'bootstrap.py')!r}, run_name='__main__')"
        )
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                program,
            ],
            env={"PATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert f"    sudo apt-get install -y --no-install-recommends {BROWSER} hledger ledger\n" in done.stderr
        assert not (tmp_path / "mutual" / ".venv").exists()

    def test_installs_again_only_when_the_lock_has_changed(
        self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        venv = tmp_path / ".venv"
        (venv / "bin").mkdir(parents=True)
        calls = tmp_path / "calls"
        for name in ("python", "uv"):
            _program(venv / "bin", name, f'echo "{name} $*" >> {calls}')
        for lock in ("requirements.txt", "requirements-dev.txt"):
            (tmp_path / lock).write_text("one==1 --hash=sha256:1\n", encoding="utf-8")
        monkeypatch.setattr(bootstrap, "VENV", venv)
        monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)

        bootstrap._install(dev=True)
        assert calls.read_text(encoding="utf-8").count("--require-hashes") == 1
        bootstrap._install(dev=True)
        bootstrap._install(dev=False)
        assert calls.read_text(encoding="utf-8").count("--require-hashes") == 1
        (tmp_path / "requirements.txt").write_text("two==2 --hash=sha256:2\n", encoding="utf-8")
        bootstrap._install(dev=False)
        assert calls.read_text(encoding="utf-8").count("--require-hashes") == 2

    def test_falls_back_to_pip_where_uv_cannot(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        venv = tmp_path / ".venv"
        (venv / "bin").mkdir(parents=True)
        calls = tmp_path / "calls"
        _program(venv / "bin", "python", f'echo "$*" >> {calls}')
        _program(venv / "bin", "uv", "exit 2")
        for lock in ("requirements.txt", "requirements-dev.txt"):
            (tmp_path / lock).write_text("one==1 --hash=sha256:1\n", encoding="utf-8")
        monkeypatch.setattr(bootstrap, "VENV", venv)
        monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
        bootstrap._install(dev=False)
        assert "-m pip install" in calls.read_text(encoding="utf-8")
        assert "--require-hashes" in calls.read_text(encoding="utf-8")
