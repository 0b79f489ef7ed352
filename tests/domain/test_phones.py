"""Numbers as they are written in Korea, and the one spelling they join by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain import phones
from streams.domain.phones import e164, is_mobile, restore_leading_zero

WRITTEN = [
    ("010-1234-5678", "+821012345678"),
    ("01012345678", "+821012345678"),
    ("010 1234 5678", "+821012345678"),
    ("010.1234.5678", "+821012345678"),
    ("(010) 1234-5678", "+821012345678"),
    ("０１０－１２３４－５６７８", "+821012345678"),
    ("010–1234–5678", "+821012345678"),
    ("  010-1234-5678 ", "+821012345678"),
    ("tel:010-1234-5678", "+821012345678"),
    ("tel:+82-10-1234-5678", "+821012345678"),
    ("TEL:01012345678", "+821012345678"),
    ("+82 10-1234-5678", "+821012345678"),
    ("+82-010-1234-5678", "+821012345678"),
    ("+82(0)10-1234-5678", "+821012345678"),
    ("82-10-1234-5678", "+821012345678"),
    ("821012345678", "+821012345678"),
    ("001 82 10 1234 5678", "+821012345678"),
    ("011-234-5678", "+82112345678"),
    ("02-123-4567", "+8221234567"),
    ("02-1234-5678", "+82212345678"),
    ("02)1234-5678", "+82212345678"),
    ("031-712-3456", "+82317123456"),
    ("064-712-1234", "+82647121234"),
    ("070-1234-5678", "+827012345678"),
    ("080-123-4567", "+82801234567"),
    ("0505-123-4567", "+825051234567"),
    ("0507-1234-5678", "+8250712345678"),
    ("050-7123-4567", "+825071234567"),
    ("1577-1577", "+8215771577"),
    ("15881234", "+8215881234"),
    ("1670-1234", "+8216701234"),
    ("1800-1234", "+8218001234"),
    ("１５７７－１５７７", "+8215771577"),
    ("+8215771577", "+8215771577"),
    ("tel:1577-1234;phone-context=+82", "+8215771234"),
    ("02-1234-5678 ext. 12", "+82212345678"),
    ("+1 650 253 0000", "+16502530000"),
]
NO_NUMBERS = [
    "", "-", "0", "114", "119", "112", "201", "1577", "15-7712", "1012345678", "10-1234-5678", "18-123-4567",
    "anonymous", "발신번호표시제한", "010-1234",
    "010-1234-56789", "010-1234-5678/010-2222-3333", "-1", "*67", "1" * 65,
    "+", "tel:", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize(("written", "number"), WRITTEN)
def test_a_number_has_one_spelling(written: str, number: str) -> None:
    assert e164(written) == number
    assert e164(number) == number


@pytest.mark.parametrize("written", NO_NUMBERS)
def test_what_is_no_number_is_none(written: str) -> None:
    assert e164(written) is None
    assert is_mobile(written) is False


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1012345678", "+821012345678"),
        ("1012345678.0", "+821012345678"),
        ("10-1234-5678", "+821012345678"),
        ("212345678", "+82212345678"),
        ("25551234", "+8225551234"),
        ("317123456", "+82317123456"),
        ("50712345678", "+8250712345678"),
        ("7012345678", "+827012345678"),
        ("15771577", "+8215771577"),
        ("01012345678", "+821012345678"),
        ("821012345678", "+821012345678"),
        ("114", None),
        ("", None),
        ("없음", None),
    ],
)
def test_a_zero_that_a_spreadsheet_dropped_comes_back(cell: str, number: str | None) -> None:
    assert restore_leading_zero(cell) == number


@given(st.text(max_size=70))
def test_no_text_makes_it_raise(text: str) -> None:
    number = e164(text)
    assert number is None or (number.startswith("+") and number[1:].isdecimal() and e164(number) == number)
    restore_leading_zero(text)


@given(
    st.integers(0, 99_999_999),
    st.sampled_from(["-", "", " ", "."]),
    st.sampled_from(["010", "+8210", "82-10", "8210"]),
)
def test_the_quick_way_for_mobile_numbers_agrees_with_the_library(number: int, mark: str, front: str) -> None:
    digits = f"{number:08}"
    written = mark.join((front, digits[:4], digits[4:]))
    parsed = phones._parsed(written, "KR")
    assert e164(written) == (None if parsed is None else f"+82{parsed.national_number}")


def test_mobile_numbers_are_told_from_the_others() -> None:
    assert is_mobile("010-1234-5678") and is_mobile("+821012345678")
    assert not any(map(is_mobile, ("02-123-4567", "1577-1577", "0507-1234-5678", "070-1234-5678")))
