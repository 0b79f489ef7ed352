"""What the catalog says of a site decides how its files are read."""

import json
from pathlib import Path
from typing import Any

from streams.collectors.importers.business import Business, business_of, setting_for
from streams.collectors.importers.mapping import FileMapping
from tests.importers.given_files import SECRET, bodies


def entry(kind: str, id: str, **fields: Any) -> bytes:
    said = {"site": "center", "kind": kind, "id": id, "defined_at": "2026-01-01T00:00:00Z", **fields}
    return json.dumps(said, ensure_ascii=False).encode()


CATALOG = [
    entry(
        "site", "center", time_zone="Asia/Tokyo", branches=[{"id": "gangnam", "name": "강남점"}, "bundang"]
    ),
    entry("site", "center", time_zone="Asia/Seoul", defined_at="2025-01-01T00:00:00Z"),
    entry("channel", "naver_place", name={"ko": "네이버 플레이스", "en": "Naver Place"}),
    entry("channel", "flyer", name="전단지", site="other"),
    b"not json",
]


def test_the_newest_entries_count_in_any_order() -> None:
    expected = Business(
        zone="Asia/Tokyo",
        branches={"gangnam": "gangnam", "강남점": "gangnam", "bundang": "bundang"},
        channels={"naverplace": "naver_place", "네이버플레이스": "naver_place"},
        answers=frozenset(),
    )
    assert business_of("center", CATALOG) == business_of("center", CATALOG[::-1]) == expected


def test_without_a_catalog_a_site_stands_in_seoul() -> None:
    assert business_of("center", []) == Business(zone="Asia/Seoul")


def test_names_of_the_catalog_and_words_of_the_mapping_both_count(tmp_path: Path) -> None:
    path = tmp_path / "spend.csv"
    path.write_text(
        "채널,지점,월,금액\n네이버 플레이스,강남점,2026-03,1000\n동네 현수막,bundang,2026-03,2000\n"
    )
    mapping = FileMapping(values={"channel": {"동네현수막": "banner"}})
    setting = setting_for("center", business_of("center", CATALOG), mapping, SECRET)
    found = [(b["channel"], b["branch"], b["occurred_at"]) for b in bodies("spend", path, setting, mapping)]
    assert found == [
        ("naver_place", "gangnam", "2026-03-01T00:00:00+09:00"),
        ("banner", "bundang", "2026-03-01T00:00:00+09:00"),
    ]
