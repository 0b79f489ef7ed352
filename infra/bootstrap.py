"""Makes .venv from the hash-pinned lock; needs nothing but Python 3.11 or newer, and the network only once.

Wheels are kept in the user's cache under the digest of the lock, so a second clone installs offline. A stamp in
.venv makes the next run a matter of milliseconds.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
NEWEST_TRIED = (3, 14)


class CannotInstall(Exception):
    """Why the environment cannot be made, and what to do."""


def digest(root: Path = ROOT) -> str:
    """One name for: these locks, this Python, this kind of machine."""
    seen = hashlib.sha256()
    for lock in LOCKS:
        seen.update((root / lock).read_bytes())
    seen.update(f"{sys.version_info[:2]} {sys.platform} {platform.machine()}".encode())
    return seen.hexdigest()[:20]


def cache_folder() -> Path:
    """Where downloads are kept for all clones of this user."""
    return Path(os.environ.get("HEADWATER_CACHE") or "~/.cache/headwater").expanduser()


def wheels(python: Path, cache: Path, root: Path = ROOT) -> Path:
    """The folder with every wheel of the locks, downloaded whole on the first call of this lock."""
    kept = cache / "wheels" / digest(root)
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="part-") as part:
        print("downloading the locked packages (once; about 350 MB)", file=sys.stderr)
        command = [str(python), "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        command += ["--only-binary", ":all:", "--disable-pip-version-check", "--dest", part]
        if subprocess.run([*command, *_locked(root)], check=False).returncode:
            raise CannotInstall(
                "the packages could not be downloaded (see above). The network is needed once; pip's own settings"
                " (index, proxy, certificate) are used as they are"
            )
        try:
            os.replace(part, kept)
        except OSError:
            if not kept.is_dir():  # another clone was quicker: its folder is as good
                raise
        Path(part).mkdir(exist_ok=True)
    return kept


def install(root: Path = ROOT, folder: str = ".venv") -> bool:
    """Brings .venv to the locks; False when it already was there."""
    place = root / folder
    python = place / "bin" / "python"
    stamp = place / "headwater-stamp"
    wanted = digest(root)
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted and _runs(python):
        return False
    if not _runs(python):
        print(f"making {place}", file=sys.stderr)
        try:
            venv.create(place, clear=True, with_pip=True, symlinks=True)
        except (subprocess.CalledProcessError, OSError) as failed:
            shutil.rmtree(place, ignore_errors=True)
            raise CannotInstall(
                f"Python's venv module does not work here ({failed}); on Debian and Ubuntu: apt-get install python3-venv"
            ) from None
    stamp.unlink(missing_ok=True)
    source = wheels(python, cache_folder(), root)
    print("installing", file=sys.stderr)
    install_from(source, python, root)
    _install_project(root, place, python)
    stamp.write_text(wanted, encoding="ascii")
    return True


def install_from(source: Path, python: Path, root: Path = ROOT) -> None:
    """Wheels -> packages of a Python: first uv by pip, then all of them by uv, in a tenth of pip's time."""
    found = ["--no-index", "--find-links", str(source), "--no-deps", "--quiet"]
    by_pip = [str(python), "-m", "pip", "--isolated", "install", *found, "--disable-pip-version-check", "uv"]
    uv = [str(python.with_name("uv")), "--no-config", "pip", "install", "--python", str(python)]
    by_uv = [*uv, "--offline", "--no-cache", "--require-hashes", *found, *_locked(root)]
    for command in (by_pip, by_uv):
        if subprocess.run(command, check=False).returncode:
            raise CannotInstall(
                f"the packages could not be installed (see above); if a file is damaged, remove {source}"
            )


def _locked(root: Path) -> list[str]:
    return [part for lock in LOCKS for part in ("-r", str(root / lock))]


def _runs(python: Path) -> bool:
    try:
        asked = "import sys; print(sys.version_info[:2])"
        told = subprocess.run(
            [str(python), "-c", asked], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return False
    return told == str(sys.version_info[:2])


def _install_project(root: Path, place: Path, python: Path) -> None:
    """The project itself: its folder on the path and the `headwater` command; nothing is built or fetched."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run(
        [str(python), "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()
    Path(packages, "headwater.pth").write_text(f"{root}\n", encoding="utf-8")
    command = place / "bin" / "headwater"
    command.write_text(
        f'#!{python}\nimport sys\n\nfrom infra.cli import main\n\nif __name__ == "__main__":\n    sys.exit(main())\n',
        encoding="utf-8",
    )
    command.chmod(0o755)


def main() -> int:
    """Entry point: `python3 infra/bootstrap.py`."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 -- this file is run by whatever Python is there
        print(f"headwater needs Python 3.11 or newer; this is {platform.python_version()}", file=sys.stderr)
        return 1
    try:
        if install():
            print("installed; the command is .venv/bin/headwater", file=sys.stderr)
    except CannotInstall as refused:
        print(f"headwater cannot be installed: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
