"""The page says everything in both languages, and only what it has words for."""

import re
from pathlib import Path

from streams.collectors import manage

HERE = Path(manage.__file__).parent
SCRIPTS = [name for name in manage.FILES if name.endswith(".js") and name != "words.js"]
KOREAN_ONLY = re.compile(r"found_|fix_")
"""What the collector says in English already."""


def words(language: str) -> dict[str, str]:
    text = (HERE / "words.js").read_text(encoding="utf-8")
    block = text.partition(f"\n  {language}: {{\n")[2].partition("\n  },\n")[0]
    return dict(re.findall(r'^    "?([\w -]+?)"?: "(.*)",$', block, re.MULTILINE))


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    korean, english = words("ko"), words("en")
    assert len(korean) > 200
    missing = {name for name in korean.keys() ^ english.keys() if not KOREAN_ONLY.match(name)}
    assert missing == set()
    gaps = {
        name
        for name in korean.keys() & english.keys()
        if set(re.findall(r"{\w+}", korean[name])) != set(re.findall(r"{\w+}", english[name]))
    }
    assert gaps == set()


def test_every_word_that_a_script_asks_for_is_there() -> None:
    asked = set()
    for name in SCRIPTS:
        text = (HERE / name).read_text(encoding="utf-8")
        asked |= set(re.findall(r'\bword\("([\w-]+)"', text))
    assert len(asked) > 100
    assert {name for name in asked if name not in words("en") and not KOREAN_ONLY.match(name)} == set()
    assert {name for name in asked if name not in words("ko")} == set()


def test_no_script_makes_markup_of_text() -> None:
    for name in [*SCRIPTS, "manage.html"]:
        text = (HERE / name).read_text(encoding="utf-8")
        for sink in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert sink not in text, (name, sink)
        assert "http://" not in text and not re.search(r"https://(?!www\.example\.kr|\"|/|\$)", text), name
