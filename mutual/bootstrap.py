"""Set up what a command of the Makefile needs, with nothing but the system's Python.

Looks for a Python that is new enough, the libraries that draw PDFs and, for the tests, a browser and the accounting
programs that check our exports. As root on Debian or Ubuntu what is missing is installed; anywhere else the line to
type is printed. Then the virtual environment is made, and the locked, hashed requirements are installed when the lock
has changed. A second run that finds everything in place takes a tenth of a second and prints nothing.

The top of this file is read by old Pythons too, to tell their owners what is missing.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
OLDEST = (3, 11)

_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# What WeasyPrint opens, each by its names on Linux and macOS.
_LIBRARIES = {
    "pango": ("libpango-1.0.so.0", "libpango-1.0.dylib", "pango-1.0"),
    "pangoft2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "pangoft2-1.0"),
    "harfbuzz-subset": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib", "harfbuzz-subset"),
}


def _is_debian() -> bool:
    release = pathlib.Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text(encoding="utf-8").splitlines()


# Per package manager: how it is asked, and what it calls each part.
_MANAGERS = {
    "apt-get": (
        "apt-get install -y --no-install-recommends",
        {
            "pango": "libpango-1.0-0",
            "pangoft2": "libpangoft2-1.0-0",
            "harfbuzz-subset": "libharfbuzz-subset0",
            "venv": "python{}.{}-venv".format(*sys.version_info),
            # Only Debian packs the browser without its windows by itself; it takes two thirds of the time.
            "chromium": "chromium-headless-shell" if _is_debian() else "chromium",
        },
    ),
    "dnf": ("dnf install -y", {"pangoft2": "pango", "harfbuzz-subset": "harfbuzz", "venv": "python3"}),
    "zypper": (
        "zypper install -y",
        {
            "pango": "libpango-1_0-0",
            "pangoft2": "libpango-1_0-0",
            "harfbuzz-subset": "libharfbuzz-subset0",
            "venv": "python3",
        },
    ),
    "pacman": ("pacman -S --needed", {"pangoft2": "pango", "harfbuzz-subset": "harfbuzz", "venv": "python"}),
    "brew": ("brew install", {"pangoft2": "pango", "harfbuzz-subset": "harfbuzz", "venv": "python"}),
}


class SetupFailed(Exception):
    """The machine cannot be made ready; says what to type."""


def main(arguments: list[str]) -> int:
    """Make the machine ready for a command.

    :return: the exit code: 0 ready, 1 something is missing and the line to type was printed
    """
    parser = argparse.ArgumentParser(prog="bootstrap.py", description="Set up what the Makefile's commands need.")
    parser.add_argument("--dev", action="store_true", help="also the developers' tools")
    parser.add_argument(
        "--tests", action="store_true", help="also the developers' tools, a browser, ledger and hledger"
    )
    parser.add_argument("--clean", action="store_true", help="stop the servers; remove data and virtual environment")
    options = parser.parse_args(arguments)
    try:
        if options.clean:
            _clean()
        else:
            _check_machine(tests=options.tests)
            _make_virtualenv()
            _install(dev=options.dev or options.tests)
    except SetupFailed as error:
        _say(str(error))
        return 1
    return 0


def chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


# The machine


def _check_machine(*, tests: bool) -> None:
    missing = _missing(tests=tests)
    if not missing:
        return
    if os.geteuid() == 0 and pathlib.Path("/etc/debian_version").exists() and shutil.which("apt-get"):
        _install_debian(missing)
        missing = _missing(tests=tests)
    if missing:
        raise SetupFailed(_line_to_type(missing))


def _missing(*, tests: bool) -> list[str]:
    missing = [part for part, names in _LIBRARIES.items() if not _opens(names)]
    if not (VENV / "bin" / "python").exists() and importlib.util.find_spec("ensurepip") is None:
        missing.append("venv")
    if tests:
        missing += [program for program in ("ledger", "hledger") if shutil.which(program) is None]
        if chromium() is None:
            missing.append("chromium")
    return missing


def _opens(names: tuple[str, ...]) -> bool:
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return ctypes.util.find_library(names[-1]) is not None


def _install_debian(missing: list[str]) -> None:
    packages = _packages("apt-get", missing)
    _say(f"Installing {', '.join(packages)} (only this once).")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
    ):
        _run(command, f"This did not work: {' '.join(command)}", environment=environment)


def _line_to_type(missing: list[str]) -> str:
    manager = next((name for name in _MANAGERS if shutil.which(name)), None)
    if manager is None:
        return (
            f"Mutual needs these, and cannot install them here: {', '.join(missing)}. Install them and run this again."
        )
    command = f"{_MANAGERS[manager][0]} {' '.join(_packages(manager, missing))}"
    if manager == "apt-get" and os.geteuid() == 0:
        return f"These could not be installed: {', '.join(missing)}. Try it by hand:\n\n    {command}\n"
    prefix = "" if manager == "brew" or os.geteuid() == 0 else "sudo "
    return (
        f"Something is missing ({', '.join(missing)}). Type this, then run the same command again:\n\n"
        f"    {prefix}{command}\n"
    )


def _packages(manager: str, missing: list[str]) -> list[str]:
    names = _MANAGERS[manager][1]
    return sorted({names.get(part, part) for part in missing})


# The virtual environment


def _make_virtualenv() -> None:
    python = VENV / "bin" / "python"
    if (
        python.exists()
        and subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    ):
        return
    _say("Making the virtual environment in .venv.")
    if not VENV.is_symlink():
        shutil.rmtree(VENV, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(VENV)], "The virtual environment could not be made.")


def _install(*, dev: bool) -> None:
    """Install a lock if it is not what the virtual environment was last given.

    The developers' lock is made within the bounds of the other and holds all of it.
    """
    stamp = VENV / "mutual-locks.json"
    try:
        installed = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        installed = {}
    locks = {name: _digest(CHECKOUT / name) for name in ("requirements.txt", "requirements-dev.txt")}
    lock = "requirements-dev.txt" if dev else "requirements.txt"
    if installed.get(lock) == locks[lock]:
        return
    _say(f"Installing the packages that {lock} names.")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", *quiet]
    hashed = ["--require-hashes", "-r", str(CHECKOUT / lock)]
    uv = VENV / "bin" / "uv"
    fast = (uv.exists() or _works([*pip, "uv"])) and _works(
        [str(uv), "pip", "install", "--quiet", "--python", str(VENV / "bin" / "python"), *hashed]
    )
    if not fast:
        # pip reads the machine's own settings (a mirror, a proxy) where uv does not.
        _run([*pip, *hashed], f"The packages of {lock} could not be installed. Is this machine online?")
    known = locks if dev else {**installed, lock: locks[lock]}
    stamp.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def _digest(lock: pathlib.Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


# The other way round


def _clean() -> None:
    sys.path.insert(0, str(CHECKOUT))
    from mutual import embedded

    if not embedded.Servers(CHECKOUT).remove():
        raise SetupFailed("Something still uses the private servers. Stop it first (Ctrl-C where `make run` runs).")
    if VENV.is_symlink():
        VENV.unlink()
    for name in (".venv", "var", "staticfiles", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"):
        shutil.rmtree(CHECKOUT / name, ignore_errors=True)


# Running things


def _run(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.decode(errors="replace").splitlines()[-15:])
        raise SetupFailed(f"{failure}\n{tail}")


def _works(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def _newer_python() -> str | None:
    """Another Python on this machine that is new enough, the newest first."""
    return next(
        (path for minor in range(20, OLDEST[1] - 1, -1) for path in [shutil.which(f"python3.{minor}")] if path), None
    )


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        newer = _newer_python()
        if newer is None:
            sys.exit("Mutual needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info))
        os.execv(newer, [newer, *sys.argv])  # noqa: S606  (a shell would be in the way)
    sys.exit(main(sys.argv[1:]))
