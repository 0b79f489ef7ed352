"""Codes cannot be guessed, and one wrongly typed character or digit never makes another customer's code."""

import math
import random
from itertools import pairwise

import pytest

from streams.collectors.qr.codes import (
    ALPHABET,
    RANDOM_CHARACTERS,
    CodesExhausted,
    are_digits,
    as_typed,
    in_groups,
    is_code,
    new_code,
    new_digits,
)


def test_a_code_has_fifty_random_bits_and_nothing_ambiguous() -> None:
    assert RANDOM_CHARACTERS * math.log2(len(ALPHABET)) >= 50
    assert not set("01iloqu") & set(ALPHABET)
    codes = {new_code() for _ in range(5_000)}
    assert len(codes) == 5_000 and all(is_code(code) and len(code) == 12 for code in codes)
    for place in range(RANDOM_CHARACTERS):  # every place takes every character
        assert {code[place] for code in codes} == set(ALPHABET)


def test_every_wrong_character_and_every_swap_is_found() -> None:
    for seed in range(20):
        code = new_code(pick=random.Random(seed).choice)
        for place, right in enumerate(code):
            for wrong in set(ALPHABET) - {right}:
                assert not is_code(code[:place] + wrong + code[place + 1 :])
        for place, (one, other) in enumerate(pairwise(code[:-1])):
            if one != other:
                assert not is_code(code[:place] + other + one + code[place + 2 :])


def test_a_code_there_is_already_is_not_made_again() -> None:
    first = new_code(pick=random.Random(1).choice)
    assert new_code({first}, pick=random.Random(1).choice) != first
    with pytest.raises(CodesExhausted):
        new_digits(_Everything())


class _Everything(set[str]):
    def __contains__(self, one: object) -> bool:
        return True


def test_every_wrong_digit_is_found() -> None:
    for seed in range(50):
        digits = new_digits(pick=random.Random(seed).choice)
        assert are_digits(digits) and len(digits) == 6
        for place in range(6):
            for wrong in set("0123456789") - {digits[place]}:
                assert not are_digits(digits[:place] + wrong + digits[place + 1 :])


@pytest.mark.parametrize("typed", ["7KGM W3XD 9HPN", " 7kgm-w3xd-9hpn ", "7kgm.w3xd_9hpn", "7kgmw3xd9hpn"])
def test_a_code_may_be_typed_as_it_stands_on_paper(typed: str) -> None:
    assert as_typed(typed) == "7kgmw3xd9hpn"


def test_groups_for_the_eye() -> None:
    assert (in_groups("7kgmw3xd9hpn"), in_groups("024517")) == ("7kgm w3xd 9hpn", "024 517")
