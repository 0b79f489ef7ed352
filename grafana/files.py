"""The built dashboards as files: what is committed, what compose provisions, what a push sends."""

import os
import secrets
from pathlib import Path
from typing import Final

from grafana.board_json import ZONE, built
from grafana.boards import BOARDS

COMMITTED: Final = Path(__file__).parent / "dashboards"


def write_dashboards(folder: Path = COMMITTED, zone: str = ZONE) -> list[Path]:
    """Writes every dashboard anew under a folder, removes those no board stands for -> the files that changed."""
    wanted = {folder / name: content for name, content in built(BOARDS, zone).items()}
    changed = [path for path, content in wanted.items() if _content(path) != content]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        part.write_bytes(wanted[path])
        os.replace(part, path)
    left_over = sorted(
        path
        for language in {path.parent for path in wanted}
        for path in language.glob("*.json")
        if path not in wanted
    )
    for path in left_over:
        path.unlink()
    return changed + left_over


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
