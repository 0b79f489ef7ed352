"""What asked: a person's browser, or a program; judged by the request alone, never by where it came from.

A program is marked and kept, not dropped: the door writes `bot` with a reason and the edition of these rules
into the event, and the core counts such an event nowhere. The user agent itself is not kept. A browser that
only pretends (a real user agent driven by a program) is not found here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Final, NamedTuple

import crawleruseragents

EDITION: Final = 1
"""Grows with every change of the rules below."""
RULE: Final = f"{EDITION}; crawler-user-agents {version('crawler-user-agents')}"
_LONGEST: Final = 1_024  # of a user agent: what is longer than any real one costs no more to read

_PREVIEWS: Final = re.compile(
    r"kakaotalk-scrap|kakaostory-og-reader|facebookexternalhit|facebookcatalog|meta-externalfetcher|facebot"
    r"|twitterbot|slackbot|slack-imgproxy|telegrambot|discordbot|linkedinbot|pinterestbot|redditbot"
    r"|^whatsapp/|skypeuripreview|viber\b.*preview|line-poker|linespider|band-bot|bandbot"
    r"|naver\.me/scrap|blueno/|mattermost-bot|iframely|embedly|vkshare|snap url preview|bitlybot|tumblr/"
    r"|mastodon/|bluesky cardyb|google-pagerenderer|whatsappbot|zalo.*preview|microsoftpreview|microsoft office",
    re.IGNORECASE,
)
_HEADLESS: Final = re.compile(
    r"headlesschrome|phantomjs|slimerjs|puppeteer|playwright|selenium|electron-prerender|htmlunit|cypress/"
    r"|chrome-lighthouse|ptst/|pagespeed",
    re.IGNORECASE,
)
_CRAWLERS: Final = re.compile(
    r"(?<!cu)bot\b|(?<!cu)bots?[/; )_-]|\bbot[a-z]*/|crawl|spider|scrap(?:e|y)|slurp|\byeti/|daumoa|\bdaum/[0-9]"
    r"|zumbot|ia_archiver|archive\.org|monitor(?:ing)?[/ ]|uptime|pingdom|statuscake|site24x7|gtmetrix|feedfetcher"
    r"|curl/|wget/|\bpython|aiohttp|httpx/|^java/|okhttp|apache-httpclient|go-http-client|libwww|\bperl\b|^ruby"
    r"|axios/"
    r"|node-fetch|undici|guzzle|httpie|postman|insomnia/|winhttp|powershell|reqwest|rest-client|lua-resty"
    r"|nikto|sqlmap|nmap scripting|masscan|zgrab|nuclei|censys|internet-measurement|expanse"
    r"|https?://(?!(?:www\.)?bsalsa\.)",
    re.IGNORECASE,
)
_BROWSER: Final = re.compile(r"mozilla/|opera/", re.IGNORECASE)  # how every browser's begins, in apps too
# Telephones and apps of people that the lists take for programs.
_PEOPLE: Final = re.compile(
    r"\bcubot[ _]|\bslack/[0-9]|kakaotalk/? ?[0-9]|kakaotalk [0-9]|naver\(inapp|daumapps/|\bddg/|gsa/[0-9]"
    r"|\[fb(?:an|_iab)/|\binstagram [0-9]|\bline/[0-9]|band/[0-9]|snapchat/[0-9]|pinterest for (?:ios|android)",
    re.IGNORECASE,
)
_PREFETCH: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_AHEAD: Final = ("prefetch", "prerender", "preview", "instant")


class Bot(NamedTuple):
    """Why the sender is taken for a program, and by which edition of the rules."""

    reason: str
    rule: str = RULE

    def said(self) -> dict[str, str]:
        """As the field `bot` of an event."""
        return self._asdict()


def judged(method: str, headers: Mapping[str, str]) -> Bot | None:
    """A request's method and headers (read without regard to case) -> why it is a program's, or None."""
    if method == "HEAD":
        return Bot("head")
    for name in _PREFETCH:
        value = headers.get(name, "").lower()
        if value and any(word in value for word in _AHEAD):
            return Bot("prefetch")
    reason = _reason_of(headers.get("User-Agent", "").strip()[:_LONGEST])
    return Bot(reason) if reason else None


@lru_cache(maxsize=4_096)
def _reason_of(agent: str) -> str:
    if not agent or agent == "-":
        return "no_user_agent"
    if _PREVIEWS.search(agent):
        return "link_preview"
    if _HEADLESS.search(agent):
        return "headless_browser"
    if _PEOPLE.search(agent) and not _NAMES_ITSELF.search(agent):
        return ""
    if not _BROWSER.match(agent) or _CRAWLERS.search(agent) or crawleruseragents.is_crawler(agent):
        return "crawler"
    return ""


_NAMES_ITSELF: Final = re.compile(r"compatible;|\+https?://|crawl|spider|(?<!cu)bot[/;)]", re.IGNORECASE)
