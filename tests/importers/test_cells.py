"""Cells as people and spreadsheets write them."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collectors.importers import cells
from streams.collectors.importers.cells import Unreadable

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-02 14:05:33", "2026-03-02T14:05:33+09:00"),
        ("2026.3.2 14:05", "2026-03-02T14:05:00+09:00"),
        ("2026. 3. 2. 오후 2:05", "2026-03-02T14:05:00+09:00"),
        ("2026-03-02 오전 12:05:01", "2026-03-02T00:05:01+09:00"),
        ("2026/03/02 2:05 PM", "2026-03-02T14:05:00+09:00"),
        ("2026년 3월 2일 14시 5분", "2026-03-02T14:05:00+09:00"),
        ("2026년 3월 2일(월) 14시 5분 7초", "2026-03-02T14:05:07+09:00"),
        ("20260302140533", "2026-03-02T14:05:33+09:00"),
        ("26-03-02 14:05", "2026-03-02T14:05:00+09:00"),
        ("2026-03-02T05:05:00Z", "2026-03-02T14:05:00+09:00"),
        ("2026-03-02T05:05:00.250+00:00", "2026-03-02T14:05:00.250000+09:00"),
        ("2026-03-02 00:05:00-0500", "2026-03-02T14:05:00+09:00"),
        ("2026-03-02", "2026-03-02T00:00:00+09:00"),
        ("46083.5", "2026-03-02T12:00:00+09:00"),
        (46083, "2026-03-02T00:00:00+09:00"),
        (date(2026, 3, 2), "2026-03-02T00:00:00+09:00"),
        (datetime(2026, 3, 2, 14, 5, tzinfo=UTC), "2026-03-02T23:05:00+09:00"),
    ],
)
def test_moments(said: object, meant: str) -> None:
    assert cells.moment(said, SEOUL).at == datetime.fromisoformat(meant)


def test_a_bare_date_says_so_and_may_end_its_day() -> None:
    assert cells.moment("2026-03-02", SEOUL, end_of_day=True) == (
        datetime(2026, 3, 2, 23, 59, 59, tzinfo=SEOUL),
        True,
    )
    assert not cells.moment("2026-03-02 09:00", SEOUL, end_of_day=True).bare


@pytest.mark.parametrize(
    "said", ["", "2026-13-01", "2026-02-30", "03/02/2026", "내일", "2026-03-02 25:00", "1", None, "=NOW()"]
)
def test_what_is_no_moment(said: object) -> None:
    with pytest.raises(Unreadable):
        cells.moment(said, SEOUL)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("85", 85),
        (85.0, 85),
        ("1:25", 85),
        ("01:25", 85),
        ("0:01:25", 85),
        ("1분 25초", 85),
        ("85초", 85),
        ("1시간 1분", 3660),
        ("1m 25s", 85),
        (time(0, 1, 25), 85),
        (timedelta(seconds=85), 85),
        ("", 0),
        ("-", 0),
        (None, 0),
    ],
)
def test_durations(said: object, meant: int) -> None:
    assert cells.seconds(said) == meant


@pytest.mark.parametrize("said", ["1:75", "길게", "-5", "1:2:3:4", "999999", "1e5"])
def test_what_is_no_duration(said: object) -> None:
    with pytest.raises(Unreadable):
        cells.seconds(said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("600,000", 600_000),
        ("600,000원", 600_000),
        ("₩600,000", 600_000),
        ("60만원", 600_000),
        ("1.5만", 15_000),
        ("-50,000", -50_000),
        ("(50,000)", -50_000),
        ("△50,000", -50_000),
        (600000.0, 600_000),
        ("600000.00", 600_000),
        ("0", 0),
    ],
)
def test_amounts(said: object, meant: int) -> None:
    assert cells.won(said) == meant


@pytest.mark.parametrize(
    "said", ["600.5", 600.5, "육십만", "1e6", "", "12,34a", float("nan"), "9" * 20, True]
)
def test_what_is_no_amount(said: object) -> None:
    with pytest.raises(Unreadable):
        cells.won(said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("010-1234-5678", "+821012345678"),
        (1012345678, "+821012345678"),
        (1012345678.0, "+821012345678"),
        ('="01012345678"', "+821012345678"),
        ("+82 10-1234-5678", "+821012345678"),
        ("821012345678", "+821012345678"),
        ("025551234", "+8225551234"),
        ("25551234", "+8225551234"),
        ("311234567", "+82311234567"),
        ("0641234567", "+82641234567"),
        ("7041234567", "+827041234567"),
        ("0802345678", "+82802345678"),
        ("050712345678", "+8250712345678"),
        ("50712345678", "+8250712345678"),
        ("15881234", "+8215881234"),
        ("1688-1234", "+8216881234"),
        ("1800-1234", "+8218001234"),
        ("발신번호표시제한", None),
        ("Anonymous", None),
        ("", None),
        (None, None),
    ],
)
def test_phones(said: object, meant: str | None) -> None:
    assert cells.phone(said) == meant


@pytest.mark.parametrize("said", ["김지우", "12", "1.01235E+09", "010-1234", 1012345678.5])
def test_what_is_no_phone(said: object) -> None:
    with pytest.raises(Unreadable) as raised:
        cells.phone(said)
    assert "김지우" not in str(raised.value)


@pytest.mark.parametrize(
    "said", ["2026-03", "202603", "2026년 3월", "2026.3", "2026-03-15", date(2026, 3, 1)]
)
def test_months(said: object) -> None:
    assert cells.month(said) == (date(2026, 3, 1), date(2026, 3, 31))


@given(
    st.one_of(
        st.text(),
        st.integers(),
        st.floats(),
        st.none(),
        st.datetimes(),
        st.times(),
        st.timedeltas(),
        st.booleans(),
    )
)
def test_whatever_stands_in_a_cell_it_is_read_or_refused(said: object) -> None:
    for read in (
        cells.text,
        cells.seconds,
        cells.won,
        cells.count,
        cells.hours,
        cells.day,
        cells.month,
        cells.phone,
    ):
        try:
            read(said)
        except Unreadable as unreadable:
            assert unreadable.fix
            assert len(unreadable.found) < 120
    with suppress(Unreadable):
        cells.moment(said, SEOUL)


def test_found_values_are_shown_without_names_and_long_digits() -> None:
    assert cells.shown("김지우") == "'○○○'"
    assert "12345678" not in cells.shown("010-1234-5678")
    assert cells.shown("2026-13-45 10:00") == "'2026-13-45 10:00'"
    assert "\x1b" not in cells.shown("\x1b[31m")
