"""The site's entry and its inquiries so far -> the buttons that ask where somebody heard of the business."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from schemas.catalog import ChannelEntry, SiteEntry
from streams.collectors.desk.words import CHANNELS, Names, names

_INTERNET: Final = frozenset({"인터넷", "인터넷검색", "온라인", "internet", "theinternet", "online", "web"})
_ONLINE: Final = (
    "ai_ app band blog cafe daum danggeun display email facebook google insta internet kakao karrot maps messenger"
    " mom_ naver online organic_ paid_ place search sns threads tiktok web youtube"
)
_ONLINE_BEGINNINGS: Final = tuple(_ONLINE.split(" "))


class Choice(TypedDict):
    """One button: what stands on it and what it says, either a channel or an answer of the site."""

    label: Names
    channel: str
    answer: str


class Button(Choice):
    """A button of the first row; with `which` it says nothing yet and opens the second."""

    which: list[Choice]


SHIPPED: Final[tuple[Button, ...]] = (
    {
        "label": {"ko": "아는 분 소개", "en": "Somebody I know"},
        "channel": "referral",
        "answer": "",
        "which": [],
    },
    {
        "label": {"ko": "인터넷", "en": "The internet"},
        "channel": "",
        "answer": "",
        "which": [
            {"label": {"ko": "검색", "en": "A search"}, "channel": "organic_search", "answer": ""},
            {"label": {"ko": "지도·플레이스", "en": "A map"}, "channel": "maps", "answer": ""},
            {
                "label": {"ko": "블로그·카페·SNS", "en": "Blog, café, social"},
                "channel": "organic_social",
                "answer": "",
            },
            {"label": {"ko": "유튜브", "en": "A video"}, "channel": "organic_video", "answer": ""},
            {"label": {"ko": "카카오톡", "en": "KakaoTalk"}, "channel": "messenger", "answer": ""},
            {"label": {"ko": "AI 도우미", "en": "An AI assistant"}, "channel": "ai_assistant", "answer": ""},
        ],
    },
    {
        "label": {"ko": "간판·현수막·전단지", "en": "Sign, banner or flyer"},
        "channel": "offline",
        "answer": "",
        "which": [],
    },
)
"""What is asked where a site defines neither a menu nor answers."""


def menu_of(site: SiteEntry | None) -> list[Button]:
    """The site's own menu, else one made of its answers, else the shipped one; in the order given there."""
    if site is not None and site.menu:
        return [
            {
                "label": names(item.label, ""),
                "channel": item.channel or "",
                "answer": "",
                "which": [
                    {"label": names(choice.label, ""), "channel": choice.channel, "answer": ""}
                    for choice in item.which or ()
                ],
            }
            for item in site.menu
        ]
    if site is not None and site.answers:
        return _of_answers(site.answers)
    return list(SHIPPED)


def largest_first(
    menu: Sequence[Button], inquiries: Mapping[str, int], answers: Mapping[str, str]
) -> list[Button]:
    """A menu and the inquiries by channel -> both rows with the most frequent first; ties stay as they were."""

    def size(choice: Choice) -> int:
        return inquiries.get(choice["channel"] or answers.get(choice["answer"], ""), 0)

    def size_of_all(button: Button) -> int:
        return sum(map(size, button["which"])) if button["which"] else size(button)

    return [
        {**button, "which": sorted(button["which"], key=lambda choice: -size(choice))}
        for button in sorted(menu, key=lambda button: -size_of_all(button))
    ]


def channel_names(entries: Sequence[ChannelEntry]) -> dict[str, Names]:
    """A site's channels -> what to call every channel, the shipped ones too."""
    return CHANNELS | {entry.id: names(entry.name, entry.id) for entry in entries if entry.name}


def _of_answers(answers: Mapping[str, str]) -> list[Button]:
    """One button an answer; the one that says only "the internet" asks which of the other online ones."""
    choices: list[Choice] = [
        {"label": names(label, label), "channel": "", "answer": label} for label in answers
    ]
    online = [
        choice
        for choice in choices
        if answers[choice["answer"]].startswith(_ONLINE_BEGINNINGS)
        and not _says_internet(choice["answer"], answers)
    ]
    menu: list[Button] = []
    for choice in choices:
        label = choice["answer"]
        if online and _says_internet(label, answers):
            only: Choice = {
                "label": {"ko": f"{label} (더는 모름)", "en": f"{label} (no more known)"},
                "channel": "",
                "answer": label,
            }
            menu.append({**choice, "answer": "", "which": [*online, only]})
        else:
            menu.append({**choice, "which": []})
    return menu


def _says_internet(label: str, answers: Mapping[str, str]) -> bool:
    return answers[label] in ("internet", "online") or label.replace(" ", "").casefold() in _INTERNET
