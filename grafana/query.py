"""Pieces of SQL that panels share. Variables are always quoted by Grafana, and All is no list but no condition."""

from typing import Final

from grafana.panel import Variable
from grafana.words import CHANNELS, DATA_DRIVEN_MODELS, MODELS, STAGES, Language, Text, Words

DATABASE: Final = "headwater"
SITE: Final = "${site:singlequote}"
RUN: Final = "${run:singlequote}"
MODEL: Final = "${model:singlequote}"
LANGUAGE: Final = "${language:singlequote}"
ZONE: Final = "${zone:singlequote}"
IN_BRANCH: Final = "$__conditionalAll(branch IN (${branch:singlequote}), $branch)"
BRANCHES: Final = "if($__conditionalAll(1=0, $branch), [], [${branch:singlequote}])"
SINCE: Final = f"toDate($__fromTime, {ZONE})"
UNTIL: Final = f"toDate($__toTime, {ZONE})"
DAYS: Final = f"(toUInt32({UNTIL} - {SINCE}) + 1)"
BEFORE_SINCE: Final = f"({SINCE} - {DAYS})"
BEFORE_UNTIL: Final = f"({SINCE} - 1)"
OF_SITE: Final = f"run = {RUN} AND site = {SITE}"
SCOPE: Final = f"{OF_SITE} AND {IN_BRANCH}"
PERIOD: Final = f"day BETWEEN {SINCE} AND {UNTIL}"

# Days up to six weeks, then weeks, then months: as coarse as the period is long.
GRAIN: Final = f"multiIf({DAYS} > 370, toStartOfMonth(day), {DAYS} > 45, toMonday(day), day)"
TIME: Final = f"toDateTime({GRAIN}, {ZONE})"

NAMED: Final = (
    f"(SELECT mapFromArrays(groupArray(toString(channel)), groupArray(JSONExtractString(names, {LANGUAGE})))"
    f" FROM headwater.channels WHERE {OF_SITE}) AS named"
)

FEWEST: Final = 10
"""A rate of fewer is not shown: too few."""


def name_of(channel: str = "channel") -> str:
    """A channel's slug -> its name of the catalog; the slug where it has none, which the panel's words then name."""
    return f"if(named[toString({channel})] = '', toString({channel}), named[toString({channel})])"


def cut(ratio: str) -> str:
    """A ratio -> cut to whole percent towards zero, as pages show it: 1.975 is 197%."""
    return f"trunc(round({ratio} * 100, 6)) / 100"


def rate(part: str, whole: str, fewest: int = FEWEST) -> str:
    """Two counts -> their ratio, null where the whole is too few."""
    return f"if({whole} >= {fewest}, {cut(f'{part} / {whole}')}, NULL)"


def scoreboard(since: str = SINCE, until: str = UNTIL, model: str = MODEL, run: str = RUN) -> str:
    """A period -> the call of the scoreboard for the chosen site and branches."""
    return (
        f"headwater.channel_scoreboard(sites = [{SITE}], branches = {BRANCHES}, since = {since},"
        f" until = {until}, run = {run}, model = {model})"
    )


def in_words(column: str, words: Words) -> str:
    """A column of slugs -> their words in the language of the page."""
    values = ", ".join(f"'{value}'" for value in words)

    def told(language: Language) -> str:
        texts = ", ".join(f"'{word.text.said_in(language)}'" for word in words.values())
        return f"transform({column}, [{values}], [{texts}], {column})"

    return f"if({LANGUAGE} = 'ko', {told('ko')}, {told('en')})"


def worded(channel: str = "channel") -> str:
    """A channel's slug -> its name in words even where the panel's own words cannot reach: within a text."""
    return f"if(named[toString({channel})] = '', {in_words(f'toString({channel})', CHANNELS)}, named[toString({channel})])"


SITE_VARIABLE: Final = Variable(
    "site",
    Text("기관", "Site"),
    sql="SELECT toString(site) AS site, if(name = '', toString(site), name) AS named"
    " FROM headwater.sites WHERE run = 'live' ORDER BY site",
)
BRANCH_VARIABLE: Final = Variable(
    "branch",
    Text("지점", "Branch"),
    sql="SELECT DISTINCT branch FROM"
    f" (SELECT arrayJoin(branches) AS branch FROM headwater.sites WHERE {OF_SITE}"
    f" UNION ALL SELECT toString(branch) AS branch FROM headwater.leads WHERE {OF_SITE} AND branch != '')"
    " ORDER BY branch",
    several=True,
)
RUN_VARIABLE: Final = Variable(
    "run",
    Text("실행", "Run"),
    sql="SELECT toString(run) AS run FROM headwater.runs WHERE status = 'done' OR run = 'live' ORDER BY run != 'live', run",
    default="live",
)
MODEL_VARIABLE: Final = Variable(
    "model",
    Text("모델", "Model"),
    sql=f"SELECT model, {in_words('model', {**MODELS, **DATA_DRIVEN_MODELS})} AS named"
    f" FROM (SELECT arrayJoin(models) AS model FROM headwater.runs WHERE run = {RUN})",
    choices={**MODELS, **DATA_DRIVEN_MODELS},
    default="last",
)
STAGE_VARIABLE: Final = Variable(
    "stage",
    Text("단계", "Stage"),
    choices={stage: STAGES[stage] for stage in ("inquiry", "consult", "registration")},
    default="registration",
)
STAGE: Final = "${stage:singlequote}"
COMMON: Final = (SITE_VARIABLE, BRANCH_VARIABLE, RUN_VARIABLE, MODEL_VARIABLE)
