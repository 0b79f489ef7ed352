"""What columns take for usual is what the codec reads the same way, whatever lies beside it."""

import random

import orjson
import pytest

from streams.codec import Decoded, decode_event
from streams.replay.usual_columns import joined_usual, read_usual

VISIT = {
    "event_id": "e1", "type": "visit_seen", "site": "center", "occurred_at": "2026-03-01T09:00:00+09:00",
    "visitor_id": "v1", "url": "https://c.kr/상담",
}  # fmt: skip
STATUS = {
    "event_id": "e2", "type": "status_changed", "site": "center", "branch": "gangnam", "v": 1,
    "occurred_at": "2026-03-01T00:00:00.000001Z", "received_at": "2026-03-01T00:00:01Z", "lead_id": "L1",
    "stage": "inquiry", "via": "phone", "service": "언어",
}  # fmt: skip
PAGE = VISIT | {"event_id": "e3", "type": "page_viewed", "session_id": "s1"}
USUAL = [orjson.dumps(one) for one in (VISIT, STATUS, PAGE)]
ODD = [
    orjson.dumps(one)
    for one in (
        VISIT | {"utm_source": "naver"},
        VISIT | {"stage": "inquiry"},
        VISIT | {"phone": "hmac:1:ab"},
        VISIT | {"future": [1, {"a": None}]},
        VISIT | {"visitor_id": ""},
        VISIT | {"visitor_id": None},
        VISIT | {"visitor_id": "x" * 129},
        VISIT | {"visitor_id": 'quo"ted'},
        VISIT | {"site": "No Slug"},
        VISIT | {"v": 2},
        VISIT | {"v": True},
        VISIT | {"v": 1.0},
        VISIT | {"v": "1"},
        VISIT | {"occurred_at": "2026-03-01 09:00:00Z"},
        VISIT | {"occurred_at": "2026-02-30T09:00:00Z"},
        VISIT | {"occurred_at": "1970-03-01T09:00:00Z"},
        VISIT | {"occurred_at": "2026-03-01T09:00:00"},
        VISIT | {"occurred_at": "2026-03-01T24:00:00Z"},
        VISIT | {"occurred_at": "2026-03-01T09:00:00+25:00"},
        STATUS | {"received_at": "2026-02-27T00:00:00Z"},
        STATUS | {"url": "https://c.kr/"},
        STATUS | {"stage": "In Quiry"},
        {name: value for name, value in VISIT.items() if name != "url"},
        {name: value for name, value in VISIT.items() if name != "event_id"},
        VISIT | {"event_id": 5},
        {"type": "payment_received", **STATUS, "amount": 5},
        [VISIT],
        None,
        "{",
    )
] + [
    b"", b"{", b"{}", b"\xff\xfe", b'{"event_id":"\xff"}', orjson.dumps(VISIT) + orjson.dumps(STATUS),
    orjson.dumps(VISIT)[:-1] + b',"site":"other"}', orjson.dumps(VISIT) + b"x", b"\xef\xbb\xbf" + orjson.dumps(VISIT),
    orjson.dumps(VISIT)[:-1] + b',"n":NaN}', orjson.dumps(VISIT)[:-1] + b',"n":01}',
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_what_is_taken_is_what_the_codec_reads(seed: int) -> None:
    draw = random.Random(seed)
    chunks = [
        [
            draw.choice(USUAL) if draw.random() < 0.7 else draw.choice(ODD)
            for _ in range(draw.randrange(1, 12))
        ]
        for _ in range(3)
    ]
    chunks.append(list(USUAL))
    for chunk in chunks:
        usual = read_usual(chunk)
        if usual is None:
            continue
        for index, place in enumerate(usual.place.tolist()):
            read = decode_event(chunk[place])
            assert isinstance(read, Decoded), chunk[place]
            said = {name: column[index].as_py() for name, column in usual.columns.items()}
            assert said["site"] == read.site and said["event_id"] == read.fact.id
            assert (said["branch"] or "") == read.fact.branch
            named = [f"{name}:{said[name]}" for name in ("visitor_id", "session_id", "lead_id") if said[name]]
            assert tuple(named) == read.fact.ids
            assert (int(usual.kind[index]), int(usual.at[index])) == (read.fact.kind, read.fact.at)


@pytest.mark.parametrize("odd", range(len(ODD)))
def test_one_odd_record_is_left_to_the_codec_and_spoils_no_other(odd: int) -> None:
    chunk = [*USUAL, ODD[odd], *USUAL]
    usual = read_usual(chunk)
    taken = set() if usual is None else set(usual.place.tolist())
    spoils = (
        orjson.dumps(VISIT)[:-1] + b',"site":"other"}' == ODD[odd]
    )  # a field said twice: only columns can tell
    assert taken - {len(USUAL)} == (set() if spoils else set(range(len(chunk))) - {len(USUAL)})
    assert len(USUAL) not in taken or isinstance(decode_event(ODD[odd]), Decoded)


def test_chunks_are_put_one_after_the_other() -> None:
    parts = [read_usual(USUAL), read_usual(USUAL[:1])]
    whole = joined_usual([part for part in parts if part is not None])
    assert whole is not None
    assert whole.columns["event_id"].to_pylist() == ["e1", "e2", "e3", "e1"]
    assert joined_usual([]) is None
