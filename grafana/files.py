"""The built dashboards and alert rules as files: what is committed, what compose provisions, what a push sends."""

import os
import secrets
from pathlib import Path
from typing import Final

from grafana.alerts import rules_file
from grafana.board_json import ZONE, as_bytes, built
from grafana.boards import BOARDS

COMMITTED: Final = Path(__file__).parent / "dashboards"
ALERT_RULES: Final = Path(__file__).parent / "provisioning" / "alerting" / "headwater.json"
"""Of one language: two would tell everything twice."""


def write_dashboards(folder: Path = COMMITTED, zone: str = ZONE) -> list[Path]:
    """Writes every dashboard anew under a folder, removes those no board stands for -> the files that changed."""
    wanted = {folder / name: content for name, content in built(BOARDS, zone).items()}
    if folder == COMMITTED:
        wanted[ALERT_RULES] = as_bytes(rules_file("ko"))
    changed = [path for path, content in wanted.items() if _content(path) != content]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        part.write_bytes(wanted[path])
        os.replace(part, path)
    left_over = sorted(
        path
        for language in {path.parent for path in wanted if path != ALERT_RULES}
        for path in language.glob("*.json")
        if path not in wanted
    )
    for path in left_over:
        path.unlink()
    return changed + left_over


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
