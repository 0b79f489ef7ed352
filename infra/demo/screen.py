"""The demo's words and tables, in Korean and English; the scoreboard itself is drawn by its own command."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from infra.commands.scoreboard import Language, width_of
from infra.demo.centre import NAMES, SINCE, SITE, UNTIL
from infra.demo.truth import ELSEWHERE, Truth, misplaced

WORDS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        "made": "분기를 만들었습니다: 문의 {leads}명, 전화 {calls}통, 접속 기록 {lines}줄, 결제 {payments}건 -> {directory}",
        "up": "Kafka, ClickHouse, 수집기, 워커를 켭니다",
        "define": "지점·채널·번호·QR을 정의합니다",
        "import": "가져오기: {file}",
        "emit": "홈페이지와 데스크의 실시간 이벤트를 수집기로 보냅니다",
        "wait": "워커가 모두 반영하기를 기다립니다",
        "took": "{events}건의 이벤트가 {seconds}초 만에 원본 파일에서 점수판까지 왔습니다.",
        "pages": "대시보드를 브라우저로 여세요: {page}",
        "report": "보고서도 썼습니다 (같은 자리에 PDF도 있습니다): {page}",
        "sign_in": "전화 창구는 {desk}, 관리 화면은 {manage} 입니다. 들어가는 키 (이번에만 보입니다): {key}",
        "everywhere": "전체 지점",
        "truth": "== 실제와 비교 (시뮬레이터는 정답을 압니다) ==",
        "misplaced": "등록 {total}명 중 제 채널의 숫자에서 빠진 수: 묻기만 {asked} · 추적만 {tracked} · "
        "마지막 접점 {last} · 경로 전체 {path}",
        "asked_note": "“어떻게 아셨어요?”만으로는 {total}명 중 {silent}명이 “인터넷”이거나 답이 없습니다.",
        "notes": "묻기만: 보호자의 대답만 · 추적만: 대답 없이 마지막 접점 · 마지막: 위 점수판 (직접 방문뿐일 때 대답으로 채움)\n"
        "경로: 첫 접점 40 / 중간 20 / 마지막 40. 지인 소개로 알게 된 사람이 지도 광고를 거쳐 오면 마지막 접점은 광고의 공이 됩니다.",
        "others": "그 밖·모름",
        "next": "더 보려면:",
        "stays": "켜진 채로 둡니다. 끄려면: {down}",
        "stopped": "모두 껐습니다. 자료는 {home}에 남아 있습니다.",
        "interrupted": "멈췄습니다. 다시 실행하면 이어서 하며, 두 번 들어가는 것은 없습니다. 끄려면: {down}",
        "sql": "채널·모델별 등록 기여",
        "scoreboard": "한 지점, 다른 모델",
        "leads": "등록한 사람의 첫 접점과 결제액",
        "explain": "소개로 왔지만 지도를 거친 한 사람은 왜 그렇게 계산됐을까요",
        "losses": "어느 단계에서 가장 많이 떠날까요",
        "tests": "어느 안이 나을까요, 벌써 말해도 될까요",
        "files": "원본 파일 (마음껏 열어 보세요)",
    },
    "en": {
        "made": "Made a quarter: {leads} inquiries, {calls} calls, {lines} lines of access log, {payments} payments"
        " -> {directory}",
        "up": "Starting Kafka, ClickHouse, collector and worker",
        "define": "Defining branches, channels, numbers and QR codes",
        "import": "Importing {file}",
        "emit": "Sending the website's and the desk's live events to the collector",
        "wait": "Waiting until the worker has taken in everything",
        "took": "{events} events went from raw files to the scoreboard in {seconds} s.",
        "pages": "The dashboards, to open in a browser: {page}",
        "report": "A report, with its PDF beside it: {page}",
        "sign_in": "The phone desk is at {desk}, the manage page at {manage}; sign in with (shown this once): {key}",
        "everywhere": "all branches",
        "truth": "== Beside the truth, which the simulator knows ==",
        "misplaced": "Of {total} registrations, missing from their own channel’s count: asking alone {asked} · tracking alone {tracked} · "
        "last {last} · whole path {path}",
        "asked_note": "“How did you hear of us?” alone: {silent} of {total} say “the internet” or nothing.",
        "notes": "asked: answers alone · tracked: last touch without answers · last: the scoreboard above (answers fill in"
        " where nothing but direct was seen)\npath: 40 to the first touch, 20 between, 40 to the last. Who heard of it from"
        " a friend and came through the map counts for the map under last.",
        "others": "Other or unknown",
        "next": "To look further:",
        "stays": "The stack stays up. To stop it: {down}",
        "stopped": "Everything is stopped. The data stays in {home}.",
        "interrupted": "Stopped. Run it again to go on; nothing enters twice. To stop the stack: {down}",
        "sql": "registrations by channel and model",
        "scoreboard": "one branch, another model",
        "leads": "first touch and payments of those who registered",
        "explain": "why somebody sent by a friend, who came through the map, is credited so",
        "losses": "between which steps most people are lost",
        "tests": "which variant is better, and whether that may be said yet",
        "files": "the raw files",
    },
}
_HEADINGS: Final = {
    "ko": ("채널", "문의", "·마지막", "등록", "·묻기만", "·추적만", "·마지막", "·경로", "매출", "·마지막", "·경로"),
    "en": (
        "Channel", "Inquiries", "·last", "Registered", "·asked", "·tracked", "·last", "·path", "Revenue", "·last", "·path",
    ),
}  # fmt: skip


class Credited(NamedTuple):
    """What each way of knowing gives to the six channels and the rest."""

    inquiries: Mapping[str, float]
    asked: Mapping[str, float]
    tracked: Mapping[str, float]
    last: Mapping[str, float]
    path: Mapping[str, float]
    revenue: Mapping[str, float]
    path_revenue: Mapping[str, float]


def beside_the_truth(truth: Mapping[str, Truth], credited: Credited, language: Language) -> str:
    """The true figures of every channel, and next to them what each way of knowing says."""
    say = WORDS[language]
    total = sum(true.registrations for true in truth.values())
    none = Truth(0, 0, 0)
    body = []
    for channel in (*truth, ELSEWHERE):
        true = truth.get(channel, none)
        body.append(
            (
                NAMES[channel][language] if channel in NAMES else say["others"],
                _count(true.inquiries), _count(credited.inquiries[channel]),
                _count(true.registrations), _count(credited.asked[channel]), _count(credited.tracked[channel]),
                _count(credited.last[channel]), _count(credited.path[channel]),
                f"{true.revenue:,}", f"{credited.revenue[channel]:,.0f}", f"{credited.path_revenue[channel]:,.0f}",
            )
        )  # fmt: skip
    ways = {
        "asked": credited.asked,
        "tracked": credited.tracked,
        "last": credited.last,
        "path": credited.path,
    }
    off = {name: _count(misplaced(counts, truth)) for name, counts in ways.items()}
    silent = credited.asked[ELSEWHERE]
    return "\n".join(
        [
            say["truth"],
            "",
            *table(_HEADINGS[language], body),
            "",
            say["misplaced"].format(total=total, **off),
            say["asked_note"].format(total=total, silent=_count(silent)),
            say["notes"],
        ]
    )


def look_further(command: str, directory: str, lead_id: str, language: Language) -> str:
    """What to try next, as commands that can be copied."""
    say = WORDS[language]
    period = f"--since {SINCE} --until {UNTIL}"
    asks = {
        "sql": f'{command} sql "SELECT channel, model, sum(weight) AS registrations FROM headwater.credits'
        f" WHERE run = 'live' AND site = '{SITE}' AND stage = 'registration' GROUP BY channel, model ORDER BY channel, model\"",
        "scoreboard": f"{command} scoreboard --site {SITE} --branch mapo {period} --model position --language {language}",
        "leads": f'{command} sql "SELECT lead_id, first_touch_channel, registration_at, paid FROM headwater.leads'
        f" WHERE run = 'live' AND site = '{SITE}' AND registration_at IS NOT NULL ORDER BY paid DESC LIMIT 10\"",
        "explain": f"{command} explain {lead_id}:registration",
        "losses": f'{command} sql "SELECT from_step, to_step, entered, lost, loss_rate FROM headwater.aarrr_losses('
        f"sites = ['{SITE}'], branches = [], since = '{SINCE}', until = '{UNTIL}', run = 'live', by = 'site') ORDER BY position\"",
        "tests": f'{command} sql "SELECT experiment, variant, judged, rate, p_value, verdict FROM headwater.experiment_results('
        f"sites = ['{SITE}'], run = 'live', as_of = '{UNTIL}') ORDER BY experiment, place\"",
        "files": f"ls {directory}",
    }
    return "\n".join([say["next"], *(f"  # {say[name]}\n  {line}" for name, line in asks.items())])


def table(headings: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Cells -> lines; the first column to the left, figures to the right."""
    widths = [max(width_of(row[at]) for row in (headings, *body)) for at in range(len(headings))]

    def line(row: Sequence[str]) -> str:
        gaps = [" " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]
        return "  ".join(cells).rstrip()

    return [line(headings), "-" * (sum(widths) + 2 * (len(widths) - 1)), *map(line, body)]


def _count(count: float) -> str:
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"
