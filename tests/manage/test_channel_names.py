"""Names people write become slugs that stay, and never somebody else's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collectors.importers.cells import folded
from streams.collectors.manage.channel_names import latin, slug_for, way_of

SLUG = re.compile(r"[a-z0-9_-]{1,64}")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("네이버 블로그", "naver_blog"),
        ("네이버플레이스", "naver_place"),
        ("현수막·전단지", "flyers"),
        ("맘카페 활동", "mom_cafe"),
        ("지인 소개", "referral"),
        ("naver_blog", "naver_blog"),
        ("강서 맘모여라", "gangseo_mammoyeora"),
        ("Bus 12번", "bus_12beon"),
    ],
)
def test_the_slug_of_a_name(name: str, slug: str) -> None:
    assert slug_for(name, {}, {}) == slug


def test_what_the_catalog_calls_a_channel_stands_first() -> None:
    assert slug_for("블로그", {"블로그": "our_blog"}, {}) == "our_blog"


def test_another_name_never_becomes_a_channel_that_is_there() -> None:
    slug = slug_for("블로그", {}, {"naver_blog": folded("우리 블로그")})
    assert slug != "naver_blog"
    assert slug.startswith("naver_blog_")
    assert slug == slug_for("블로그", {}, {"naver_blog": folded("우리 블로그")})


@given(st.text(min_size=1, max_size=200))
def test_every_name_has_a_slug_that_the_schema_takes(name: str) -> None:
    assert SLUG.fullmatch(latin(name))
    assert SLUG.fullmatch(slug_for(name, {}, {latin(name): "another name"}))


@pytest.mark.parametrize(
    ("name", "placement", "link", "way"),
    [
        ("현수막", "정문", False, "print"),
        ("네이버 블로그", "글 아래", False, "link"),
        ("지인 소개", "", False, "told"),
        ("아파트 게시판", "12동", False, "print"),
        ("동네 모임", "", False, "told"),
        ("동네 모임", "회관 벽", False, "print"),
        ("동네 모임", "", True, "link"),
    ],
)
def test_how_a_channel_can_be_followed(name: str, placement: str, link: bool, way: str) -> None:
    assert way_of(name, placement, link) == way
