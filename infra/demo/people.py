"""How people come to the centre: for each true channel the ways they take and what they say when asked.

A way is (share, visits, contact). Visits are sources of web sessions in order; contacts:
form (web form: visitor and phone), pool (call to the number the website showed), tap (number tapped on a phone's
screen), line (the channel's own 050 number), place_call (the map's number), main (the branch's number, which
says nothing), walk_in, cafe_message, kakao.
"""

from typing import NamedTuple


class Way(NamedTuple):
    """One way of finding the centre, and of how many in a hundred."""

    share: int
    visits: tuple[str, ...]
    contact: str


WAYS: dict[str, tuple[Way, ...]] = {
    "naver_blog": (
        Way(33, ("blog", "direct"), "form"),
        Way(17, ("blog",), "pool"),
        Way(10, ("blog", "blog", "direct"), "tap"),
        Way(12, ("blog",), "line"),
        Way(6, ("blog", "search"), "form"),
        Way(6, ("blog", "place"), "place_call"),
        Way(8, ("blog",), "main"),
        Way(8, ("search", "blog", "direct"), "pool"),
    ),
    "naver_place": (
        Way(33, ("place",), "place_call"),
        Way(15, ("place", "direct"), "form"),
        Way(15, ("search", "place"), "pool"),
        Way(10, ("place",), "tap"),
        Way(10, (), "place_call"),
        Way(5, ("place", "blog", "direct"), "form"),
        Way(8, ("place",), "main"),
        Way(4, ("place", "direct"), "kakao"),
    ),
    "flyers": (
        Way(35, ("flyer_scan", "direct"), "form"),
        Way(30, (), "line"),
        Way(15, ("flyer_scan",), "main"),
        Way(20, (), "main"),
    ),
    "mom_cafe": (
        Way(38, ("cafe", "direct"), "form"),
        Way(17, ("cafe",), "pool"),
        Way(12, ("cafe",), "cafe_message"),
        Way(9, ("cafe", "place"), "place_call"),
        Way(10, ("cafe",), "line"),
        Way(14, ("cafe", "cafe", "direct"), "form"),
    ),
    "referral": (
        Way(28, (), "main"),
        Way(20, (), "walk_in"),
        Way(24, ("place",), "place_call"),
        Way(12, ("search", "direct"), "form"),
        Way(16, ("direct",), "form"),
    ),
    "events": (
        Way(42, ("fair_scan", "direct"), "form"),
        Way(22, (), "main"),
        Way(24, (), "line"),
        Way(12, ("place",), "place_call"),
    ),
}
"""Friends' introductions that come through the map, blog readers who search the name: what last touch mistakes."""

TOLD: dict[str, tuple[tuple[int, str], ...]] = {
    "naver_blog": ((45, "인터넷"), (22, "블로그"), (25, ""), (4, "지인 소개"), (4, "맘카페")),
    "naver_place": ((52, "인터넷"), (20, "네이버 지도"), (28, "")),
    "flyers": ((40, "전단지"), (20, "인터넷"), (40, "")),
    "mom_cafe": ((34, "인터넷"), (36, "맘카페"), (26, ""), (4, "지인 소개")),
    "referral": ((66, "지인 소개"), (14, "인터넷"), (20, "")),
    "events": ((40, "지역 행사"), (20, "인터넷"), (40, "")),
}
"""What people answer when the desk asks; "" is no answer or "I do not know"."""

BACKGROUND: tuple[tuple[int, str], ...] = (
    (28, "blog"),
    (19, "place"),
    (19, "search"),
    (9, "cafe"),
    (14, "direct"),
    (4, "google"),
    (3, "kakao"),
    (2, "website"),
    (1, "flyer_scan"),
    (1, "fair_scan"),
)
"""Sessions in a hundred of those who look and never ask."""

VIA = {
    "form": "홈페이지",
    "pool": "전화",
    "tap": "전화",
    "line": "전화",
    "place_call": "전화",
    "main": "전화",
    "walk_in": "방문",
    "cafe_message": "카페쪽지",
    "kakao": "카카오",
}

BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-A546S; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/128.0.0.0 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.9.3)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Whale/3.28.266.14 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
)
BOTS = (
    "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
PAGES = ("/", "/programs/speech", "/programs/play", "/programs/art", "/therapists", "/voucher", "/price", "/branches/gangseo",
         "/branches/mapo", "/branches/songpa", "/reviews", "/contact", "/faq", "/blog/first-words")  # fmt: skip
