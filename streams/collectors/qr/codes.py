"""Codes nobody can guess, and six digits somebody can say on the telephone; both end in a check character.

A code has 11 random characters of 29 (53 bits) that cannot be taken for one another on paper, in small letters.
Its check character finds every wrong character and every swap of two; the check digit of a referral's six digits
(ISO 7064 MOD 11,10) every wrong digit. Six digits can be guessed: they lead nowhere, only the desk knows them.
"""

import re
import secrets
from collections.abc import Callable, Container
from typing import Final

ALPHABET: Final = "23456789abcdefghjkmnprstvwxyz"
RANDOM_CHARACTERS: Final = 11
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_BETWEEN: Final = re.compile(r"[\s\-–_.]+")
_DIGITS: Final = re.compile(r"[0-9]{6}\Z")
_TRIES: Final = 10_000


class CodesExhausted(Exception):
    """No free one was found: nearly all six digits of a site are given out."""


def new_code(taken: Container[str] = frozenset(), pick: Callable[[str], str] = secrets.choice) -> str:
    """The codes there are -> another one, from the system's randomness unless a test picks."""
    for _ in range(_TRIES):
        drawn = "".join(pick(ALPHABET) for _ in range(RANDOM_CHARACTERS))
        code = drawn + _check_character(drawn)
        if code not in taken:
            return code
    raise CodesExhausted


def is_code(text: str) -> bool:
    """Whether a text is a code of this kind, its check character right."""
    return (
        len(text) == RANDOM_CHARACTERS + 1
        and all(character in _VALUES for character in text)
        and text[-1] == _check_character(text[:-1])
    )


def new_digits(taken: Container[str] = frozenset(), pick: Callable[[str], str] = secrets.choice) -> str:
    """The six digits that a site has given out -> others."""
    for _ in range(_TRIES):
        drawn = "".join(pick("0123456789") for _ in range(5))
        digits = drawn + _check_digit(drawn)
        if digits not in taken:
            return digits
    raise CodesExhausted


def are_digits(text: str) -> bool:
    """Whether a text is six digits, the last of them right."""
    return _DIGITS.match(text) is not None and text[-1] == _check_digit(text[:-1])


def as_typed(text: str) -> str:
    """A code as somebody typed it -> as it is kept: small letters, nothing between them."""
    return _BETWEEN.sub("", text.strip()).lower()


def in_groups(code: str) -> str:
    """A code -> in groups of four (digits of three), as it stands on paper to be typed."""
    size = 3 if _DIGITS.match(code) else 4
    return " ".join(code[at : at + size] for at in range(0, len(code), size))


def _check_character(drawn: str) -> str:
    weighed = sum(place * _VALUES[character] for place, character in enumerate(drawn, start=1))
    return ALPHABET[weighed % len(ALPHABET)]


def _check_digit(drawn: str) -> str:
    product = 10
    for digit in drawn:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
