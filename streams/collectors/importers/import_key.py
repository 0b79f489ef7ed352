"""The secret under which whatever is personal in a file goes into the ids of its events."""

import secrets
from pathlib import Path

from streams.secret_files import create_secret, read_key, secrets_directory


def import_key(home: Path) -> bytes:
    """The home -> the secret under which phones and addresses go into ids; made on first use, never rotated.

    Another machine that imports the same files needs the same secrets/import-key, or it gives them other ids.
    """
    path = secrets_directory(home) / "import-key"
    create_secret(path, secrets.token_hex(32).encode("ascii"))
    return read_key(path)
