"""What telephone systems post, in the shapes that they post it, and the call that comes of it."""

import itertools
import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.doors import admit_event
from streams.collectors.importers.mapping import BadMapping
from streams.collectors.phone import asterisk, callrail, generic, twilio
from streams.collectors.phone.calls import UNDER_WAY, NoCall, Said, call_ended, event_of
from streams.collectors.phone.kept import Kept
from streams.collectors.phone.ringing import RingingCalls

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
PARENT, CHILD, SECOND = "CA" + "0" * 31 + "1", "CA" + "0" * 31 + "2", "CA" + "0" * 31 + "3"
CALLER, TRACKING = "+821012345678", "+827012345678"


@pytest.fixture
def kept(tmp_path: Path) -> Iterable[Kept]:
    """What the door keeps, in a home of its own."""
    made = Kept(tmp_path)
    yield made
    made.close()


def told(
    kept: Kept, words: Iterable[Said], *, now: datetime = NOW, source: str = "phone"
) -> list[dict[str, Any]]:
    """Words as they arrive -> the events that the door makes of them, each admitted by the schema."""
    events = []
    for word in words:
        heard = kept.heard("haengbok", source, word, now=now)
        body = call_ended("haengbok", heard) if word.state not in UNDER_WAY else None
        if body is not None:
            event = event_of(source, heard, body, word.phone)
            admit_event(event, now=now + timedelta(days=1))
            events.append(event)
    return events


def newest(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The event that counts, by ruling: the greatest (occurred_at, event_id)."""
    return max(events, key=lambda one: (datetime.fromisoformat(one["occurred_at"]), one["event_id"].encode()))


# ---- Twilio --------------------------------------------------------------------------------------------------


def parent(**own: str) -> dict[str, str]:
    """A callback of the caller's own leg, as Twilio posts it."""
    return {
        "AccountSid": "AC0123456789abcdef0123456789abcdef",
        "ApiVersion": "2010-04-01",
        "CallSid": PARENT,
        "CallStatus": "completed",
        "Called": TRACKING,
        "Caller": CALLER,
        "CallerCountry": "KR",
        "Direction": "inbound",
        "From": CALLER,
        "FromCountry": "KR",
        "To": TRACKING,
        "ToCountry": "KR",
        **own,
    }


def completed(seconds: int = 40) -> dict[str, str]:
    """The parent's last callback: completed, whoever answered."""
    return parent(
        CallStatus="completed",
        CallDuration=str(seconds),
        Duration="1",
        Timestamp="Mon, 02 Mar 2026 03:01:00 +0000",
        CallbackSource="call-progress-events",
        SequenceNumber="0",
    )


def dialled(status: str, seconds: int | None = None, **own: str) -> dict[str, str]:
    """A <Dial action> callback."""
    talk = {} if seconds is None else {"DialCallDuration": str(seconds)}
    return parent(CallStatus="in-progress", DialCallStatus=status, DialCallSid=CHILD, **talk, **own)


def child(status: str, at: str, sid: str = CHILD, **own: str) -> dict[str, str]:
    """A status callback of a dialled number."""
    return parent(
        CallSid=sid,
        ParentCallSid=PARENT,
        CallStatus=status,
        Direction="outbound-dial",
        To="+821099998888",
        Called="+821099998888",
        Timestamp=f"Mon, 02 Mar 2026 {at} +0000",
        CallbackSource="call-progress-events",
        **own,
    )


def words(form: dict[str, str], query: dict[str, str] | None = None, **settings: str) -> list[Said]:
    """A Twilio request -> its words."""
    return twilio.said_of(list(form.items()), query or {}, settings)


@pytest.mark.parametrize(
    ("status", "seconds", "outcome", "talk"),
    [
        ("completed", 61, "answered", 61),
        ("answered", 61, "answered", 61),
        ("no-answer", None, "missed", 0),
        ("busy", None, "busy", 0),
        ("failed", None, "failed", 0),
        ("canceled", None, "abandoned", 0),
    ],
)
def test_the_dial_status_says_whether_anybody_answered(
    kept: Kept, status: str, seconds: int | None, outcome: str, talk: int
) -> None:
    (event,) = told(kept, words(dialled(status, seconds)))
    assert (event["outcome"], event["duration_seconds"], event["number"]) == (outcome, talk, TRACKING)
    assert (event["call_id"], event["phone"], event["direction"]) == (PARENT, CALLER, "inbound")


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", "completed"])
def test_the_parents_completed_never_overrides_the_dial_status_in_either_order(
    tmp_path: Path, status: str
) -> None:
    outcomes = set()
    for place, order in enumerate(itertools.permutations([dialled(status, 12), completed()])):
        kept = Kept(tmp_path / str(place))
        events = [event for form in order for event in told(kept, words(form))]
        outcomes.add(newest(events)["outcome"])
        kept.close()
    assert len(outcomes) == 1 and (outcomes == {"answered"}) is (status == "completed")


def test_a_caller_who_hangs_up_in_the_greeting_is_abandoned_and_dated_to_the_start(kept: Kept) -> None:
    (event,) = told(kept, words(completed(40)))
    assert event["outcome"] == "abandoned"
    assert datetime.fromisoformat(event["occurred_at"]) == datetime(2026, 3, 2, 3, 0, 20, tzinfo=UTC)


def test_where_no_number_is_dialled_the_parents_completed_may_mean_answered(kept: Kept) -> None:
    (event,) = told(kept, words(completed(40), over="answered"))
    assert (event["outcome"], event["duration_seconds"]) == ("answered", 40)


def test_a_bridge_that_never_was_is_no_answer(kept: Kept) -> None:
    (event,) = told(kept, words(dialled("completed", 3, DialBridged="false")))
    assert event["outcome"] == "missed"


def test_a_voicemail_after_nobody_answered_is_a_voicemail(kept: Kept) -> None:
    recorded = parent(
        CallStatus="completed",
        RecordingUrl="https://api.example/RE1",
        RecordingSid="RE1",
        RecordingDuration="9",
    )
    events = told(kept, [*words(dialled("no-answer")), *words(recorded), *words(completed())])
    assert (newest(events)["outcome"], newest(events)["duration_seconds"]) == ("voicemail", 9)


def test_an_answering_machine_of_a_dialled_number_is_a_voicemail(kept: Kept) -> None:
    machine = child("completed", "03:00:50", CallDuration="8", AnsweredBy="machine_start")
    assert newest(told(kept, [*words(machine), *words(completed())]))["outcome"] == "voicemail"


SIMULTANEOUS = [
    child("ringing", "03:00:01"),
    child("ringing", "03:00:01", SECOND),
    child("in-progress", "03:00:09", SECOND),
    child("canceled", "03:00:09"),
    child("completed", "03:00:59", SECOND, CallDuration="50"),
    completed(60),
]


def test_two_numbers_ring_at_once_and_any_order_of_arrival_gives_one_answered_call(tmp_path: Path) -> None:
    found = set()
    orders = list(itertools.permutations(SIMULTANEOUS))
    for place, order in enumerate(random.Random(1).sample(orders, 24)):
        kept = Kept(tmp_path / str(place))
        event = newest([event for form in order for event in told(kept, words(form))])
        found.add((event["outcome"], event["duration_seconds"], event["occurred_at"], event["number"]))
        kept.close()
    assert found == {("answered", 50, "2026-03-02T03:00:59+00:00", TRACKING)}


def test_a_dialled_number_alone_waits_for_the_leg_that_knows_what_was_called(kept: Kept) -> None:
    leg = child("completed", "03:00:59", CallDuration="50")
    assert told(kept, words(leg)) == []
    (event,) = told(kept, words(completed(60)))
    assert (event["outcome"], event["phone"]) == ("answered", CALLER)
    assert told(kept, words(leg, {"number": "070-1234-5678"}), source="other")[0]["number"] == TRACKING


def test_a_transfer_that_nobody_takes_leaves_the_call_answered(kept: Kept) -> None:
    answered = child("completed", "03:00:40", CallDuration="30")
    transfer = child("no-answer", "03:00:59", SECOND)
    events = told(kept, [*words(answered), *words(completed(60)), *words(transfer)])
    assert newest(events)["outcome"] == "answered"


def test_a_late_ringing_never_overrides(kept: Kept) -> None:
    before = newest(told(kept, [*words(dialled("no-answer")), *words(completed())]))
    assert told(kept, words(parent(CallStatus="ringing", Timestamp="Mon, 02 Mar 2026 03:09:00 +0000"))) == []
    assert newest([before, *told(kept, words(completed()))])["outcome"] == "missed"


def test_the_same_requests_again_are_the_same_events_even_after_a_restart(tmp_path: Path) -> None:
    forms = [dialled("no-answer"), *SIMULTANEOUS[4:]]
    kept = Kept(tmp_path)
    first = [event for form in forms for event in told(kept, words(form))]
    kept.close()
    kept = Kept(tmp_path)
    again = [event for form in forms for event in told(kept, words(form), now=NOW + timedelta(hours=2))]
    kept.close()
    as_it_stands = first[-1]
    assert {**again[-1], "phone": CALLER} == as_it_stands
    assert {one["event_id"] for one in again} == {as_it_stands["event_id"]}


def test_a_replay_at_a_collector_that_never_heard_of_it_gives_the_same_id(tmp_path: Path) -> None:
    ids: list[str] = []
    for place in ("one", "two"):
        kept = Kept(tmp_path / place)
        (event,) = told(kept, words(dialled("completed", 61)), now=NOW + timedelta(minutes=len(ids)))
        ids.append(event["event_id"])
        kept.close()
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "caller",
    [
        "anonymous",
        "Restricted",
        "+266696687",
        "+7378742833",
        "unavailable",
        "",
        "sip:desk@pbx.example",
        "client:kim",
    ],
)
def test_an_anonymous_caller_gives_no_phone(kept: Kept, caller: str) -> None:
    (event,) = told(kept, words({**dialled("completed", 10), "From": caller, "Caller": caller}))
    assert "phone" not in event and event["number"] == TRACKING


def test_an_outbound_call_keeps_the_customers_number_out_of_number(kept: Kept) -> None:
    form = {**completed(30), "Direction": "outbound-api", "From": TRACKING, "To": CALLER}
    (event,) = told(kept, words(form))
    assert (event["direction"], event["number"], event["phone"]) == ("outbound", "+82**", CALLER)
    assert (event["outcome"], event["duration_seconds"]) == ("answered", 30)


def test_a_recording_that_is_ready_is_no_news() -> None:
    assert words(parent(RecordingUrl="https://x", RecordingStatus="completed")) == []


@pytest.mark.parametrize(
    "wrong", [{"CallSid": ""}, {"CallStatus": "dancing"}, {"To": "sip:front@pbx.example"}]
)
def test_what_is_no_call_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(NoCall):
        words({**parent(), **wrong})


# ---- Asterisk ------------------------------------------------------------------------------------------------

MASTER = (
    '"","01012345678","s","ext-queues","""KIM"" <01012345678>","PJSIP/trunk-000000a1","{channel}","{app}","x",'
    '"2026-03-02 12:00:00","{answer}","2026-03-02 12:01:00",60,{billsec},"{disposition}","DOCUMENTATION",'
    '"1772420400.{leg}","","","1772420400.10",{leg}'
)
CUSTOM = ["calldate", "src", "dst", "did", "dcontext", "dstchannel", "lastapp", "duration", "billsec", "disposition",
          "uniqueid", "linkedid", "sequence"]  # fmt: skip


def lines(body: str, **settings: Any) -> list[Said | NoCall | None]:
    """A body as an exchange posts it -> what each line says."""
    return [
        one for _, one in asterisk.said_of(body.encode(), "haengbok", asterisk.read_settings(settings), SEOUL)
    ]


def said(body: str, **settings: Any) -> list[Said]:
    """The same where every line is a word on a call."""
    return [one for one in lines(body, **settings) if isinstance(one, Said)]


def cdr(**own: str) -> str:
    """One line of a cdr_custom file with CUSTOM's columns."""
    fields = dict(
        zip(
            CUSTOM,
            ["2026-03-02 12:00:00", "01012345678", "600", "07012345678", "ext-group", "PJSIP/201-0a", "Dial", "60",
             "51", "ANSWERED", "1772420400.11", "1772420400.10", "7"],
            strict=True,
        )
    )  # fmt: skip
    return ",".join({**fields, **own}[name] for name in CUSTOM)


def test_a_cdr_custom_line_with_a_did_is_a_call_to_that_number(kept: Kept) -> None:
    (event,) = told(kept, said(cdr(), columns=CUSTOM))
    assert (event["outcome"], event["duration_seconds"], event["wait_seconds"]) == ("answered", 51, 9)
    assert (event["number"], event["phone"]) == (TRACKING, CALLER)
    assert datetime.fromisoformat(event["occurred_at"]) == datetime(2026, 3, 2, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "settings", "outcome"),
    [
        ({"lastapp": "VoiceMail"}, {}, "voicemail"),
        ({"lastapp": "BackGround"}, {}, "abandoned"),
        ({"lastapp": "Playback"}, {}, "abandoned"),
        ({"dstchannel": ""}, {}, "abandoned"),
        ({"lastapp": "Queue"}, {}, "answered"),
        ({"dcontext": "ivr-3"}, {}, "answered"),
        ({"dcontext": "ivr-3"}, {"menu_contexts": ["ivr-*"]}, "abandoned"),
        ({"dcontext": "macro-vm"}, {"voicemail_contexts": ["macro-vm"]}, "voicemail"),
        ({"disposition": "NO ANSWER", "billsec": "0"}, {}, "missed"),
        ({"disposition": "BUSY", "billsec": "0"}, {}, "busy"),
        ({"disposition": "CONGESTION", "billsec": "0"}, {}, "failed"),
    ],
)
def test_answered_by_a_menu_or_the_voicemail_is_told_apart(
    kept: Kept, own: dict[str, str], settings: dict[str, Any], outcome: str
) -> None:
    (event,) = told(kept, said(cdr(**own), columns=CUSTOM, **settings))
    assert event["outcome"] == outcome


def test_the_legs_of_a_linked_call_are_one_call_in_any_order(tmp_path: Path) -> None:
    queue = MASTER.format(
        channel="PJSIP/201-0a", app="Queue", answer="", billsec=0, disposition="NO ANSWER", leg=11
    )
    agent = MASTER.format(
        channel="PJSIP/202-0b",
        app="Queue",
        answer="2026-03-02 12:00:20",
        billsec=40,
        disposition="ANSWERED",
        leg=12,
    )
    found = []
    for place, order in enumerate(([queue, agent], [agent, queue])):
        kept = Kept(tmp_path / str(place))
        settings = {"number": "070-1234-5678"}
        event = newest([event for line in order for event in told(kept, said(line, **settings))])
        found.append(
            {name: event[name] for name in ("outcome", "duration_seconds", "wait_seconds", "occurred_at")}
        )
        kept.close()
    assert found[0] == found[1] and found[0]["outcome"] == "answered" and found[0]["duration_seconds"] == 40


def test_a_cdr_line_is_read_as_the_importer_reads_it(kept: Kept) -> None:
    """The call_id is the linkedid: what was posted live and imported later is one call."""
    (event,) = told(kept, said(cdr(), columns=CUSTOM))
    assert event["call_id"] == "1772420400.10"


def test_cdr_fields_come_as_json_too_and_as_an_ami_event(kept: Kept) -> None:
    fields = dict(zip(CUSTOM, cdr().split(","), strict=True))
    (of_json,) = told(kept, said(json.dumps(fields)))
    ami = (
        "Event: Cdr\r\nSource: 01012345678\r\nDestination: 600\r\nDestinationContext: ext-group\r\n"
        'CallerID: "KIM" <01012345678>\r\nDestinationChannel: PJSIP/201-0a\r\nLastApplication: Dial\r\n'
        "StartTime: 2026-03-02 12:00:00\r\nAnswerTime: 2026-03-02 12:00:09\r\nEndTime: 2026-03-02 12:01:00\r\n"
        "Duration: 60\r\nBillableSeconds: 51\r\nDisposition: ANSWERED\r\nUniqueID: 1772420400.11\r\n"
        "LinkedID: 1772420400.10\r\nDID: 07012345678\r\n\r\n"
    )
    (of_ami,) = told(kept, said(ami), source="ami")
    assert {**of_json, "event_id": ""} == {**of_ami, "event_id": ""}


def test_calls_inside_the_house_are_nobodys_business() -> None:
    assert lines(cdr(src="201", dst="202", did=""), columns=CUSTOM) == [None]


def test_an_outbound_call_of_an_extension_masks_what_it_dialled(kept: Kept) -> None:
    (event,) = told(
        kept, said(cdr(src="201", dst="901012345678", did="", dcontext="from-internal"), columns=CUSTOM)
    )
    assert (event["direction"], event["number"], event["phone"]) == ("outbound", "+82**", CALLER)


def test_ami_events_tell_the_desk_who_rings_and_nothing_else() -> None:
    ring = (
        "Event: Newchannel\r\nContext: from-trunk\r\nExten: 07012345678\r\nCallerIDNum: 01012345678\r\n"
        "Uniqueid: 1772420400.10\r\nLinkedid: 1772420400.10\r\n\r\n"
        "Event: Newchannel\r\nContext: from-internal\r\nExten: 201\r\nUniqueid: 1772420400.11\r\nLinkedid: 1772420400.10"
        "\r\n\r\nEvent: Hangup\r\nUniqueid: 1772420400.10\r\nLinkedid: 1772420400.10\r\nCause: 16\r\n"
    )
    first, second, third = lines(ring)
    assert (
        isinstance(first, Said) and first.desk_only and (first.state, first.number) == ("ringing", TRACKING)
    )
    assert second is None
    assert isinstance(third, Said) and third.desk_only and third.state == "over"


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "[1]",
        "{}",
        '{"src": {"a": 1}}',
        '{"name": "kim"}',
        "\x00",
        "Event: Cdr\r\nSource: 1\r\n",
        '"unclosed',
    ],
)
def test_a_line_that_is_no_cdr_is_refused_by_itself(body: str) -> None:
    try:
        found = lines(body)
    except NoCall:
        return
    assert all(isinstance(one, NoCall) for one in found) and found


@pytest.mark.parametrize(
    "settings",
    [
        {"menu_contexts": "ivr"},
        {"colums": ["src"]},
        {"columns": ["src", "dst"]},
        {"number": "nobody"},
        {"time_zone": "Seoul"},
    ],
)
def test_settings_of_an_exchange_that_would_not_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadMapping):
        asterisk.read_settings(settings)


# ---- CallRail ------------------------------------------------------------------------------------------------

POST_CALL = {
    "resource_id": "CAL0194f",
    "company_id": "COM1",
    "tracking_phone_number": "+827012345678",
    "customer_phone_number": "+821012345678",
    "customer_name": "Kim Minji",
    "customer_city": "Seongnam",
    "business_phone_number": "+82315550101",
    "call_type": "first_call",
    "direction": "inbound",
    "answered": True,
    "voicemail": False,
    "duration": "125",
    "start_time": "2026-03-02T12:00:00.000+09:00",
    "keywords": "분당 언어치료",
    "source_name": "Google Ads",
    "landing_page_url": "https://haengbok.kr/?gclid=1",
    "recording": "https://app.example/rec",
}


def rail(**own: Any) -> list[Said]:
    """A CallRail payload -> its words."""
    return callrail.said_of({**POST_CALL, **own}, {}, SEOUL)


def test_a_post_call_webhook_is_a_call(kept: Kept) -> None:
    (event,) = told(kept, rail())
    assert {name: event[name] for name in ("outcome", "duration_seconds", "number", "phone", "keyword")} == {
        "outcome": "answered",
        "duration_seconds": 125,
        "number": TRACKING,
        "phone": CALLER,
        "keyword": "분당 언어치료",
    }
    assert event["occurred_at"] == "2026-03-02T12:02:05+09:00"
    assert "Kim" not in str(event) and "Seongnam" not in str(event)


@pytest.mark.parametrize(
    ("own", "outcome"),
    [
        ({"answered": False}, "missed"),
        ({"answered": False, "call_type": "abandoned"}, "abandoned"),
        ({"answered": False, "voicemail": True, "call_type": "voicemail"}, "voicemail"),
        ({"answered": "true"}, "answered"),
    ],
)
def test_how_a_callrail_call_ended(kept: Kept, own: dict[str, Any], outcome: str) -> None:
    assert told(kept, rail(**own))[0]["outcome"] == outcome


def test_call_modified_is_a_later_word_on_the_same_call(kept: Kept) -> None:
    events = told(kept, [*rail(answered=False), *rail()])
    assert newest(events)["outcome"] == "answered" and len({one["call_id"] for one in events}) == 1
    assert (
        newest([*events, *told(kept, rail(answered=False))])["outcome"] == "answered"
    )  # a replay of the first


def test_a_pre_call_webhook_only_rings(kept: Kept) -> None:
    payload = {
        name: POST_CALL[name] for name in ("resource_id", "tracking_phone_number", "customer_phone_number")
    }
    (word,) = callrail.said_of(payload, {}, SEOUL)
    assert word.state == "ringing" and told(kept, [word]) == []


@pytest.mark.parametrize(
    "wrong", [{"resource_id": None}, {"tracking_phone_number": "x"}, {"start_time": "yesterday"}]
)
def test_a_callrail_payload_without_the_needed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NoCall):
        rail(**wrong)


# ---- any other system ----------------------------------------------------------------------------------------


def call(payload: Mapping[str, Any], settings: dict[str, Any] | None = None) -> Said:
    """A generic payload -> its word."""
    return generic.said_of(payload, generic.read_settings(settings or {}), SEOUL)


OWN: dict[str, Any] = {
    "call_id": "c-1",
    "status": "completed",
    "from": "010-1234-5678",
    "to": "07012345678",
    "started_at": "2026-03-02T12:00:00+09:00",
    "answered_at": "2026-03-02T12:00:09+09:00",
    "ended_at": "2026-03-02T12:01:00+09:00",
}


def test_a_call_in_our_own_words(kept: Kept) -> None:
    (event,) = told(kept, [call(OWN)])
    assert (event["outcome"], event["duration_seconds"], event["wait_seconds"]) == ("answered", 51, 9)


def test_a_call_in_a_vendors_words(kept: Kept) -> None:
    settings = {
        "fields": {
            "call_id": "call.callId", "status": "event", "from": "call.from_number", "to": "call.to_number",
            "started_at": "call.start_at", "talk_seconds": "call.duration", "wait_seconds": "call.ring",
        },
        "values": {"status": {"call_ended": "over", "call_started": "ringing"}},
    }  # fmt: skip
    payload: dict[str, Any] = {
        "event": "call_ended",
        "call": {"callId": "v-9", "from_number": "01012345678", "to_number": "07012345678",
                 "start_at": 1772420400000, "duration": 51, "ring": 9},
    }  # fmt: skip
    (event,) = told(kept, [call(payload, settings)])
    assert (event["outcome"], event["call_id"], event["phone"]) == ("answered", "v-9", CALLER)
    assert datetime.fromisoformat(event["occurred_at"]) == datetime(2026, 3, 2, 3, 1, tzinfo=UTC)
    never = {"event": "call_ended", "call": {**payload["call"], "callId": "v-10", "duration": 0}}
    assert told(kept, [call(never, settings)])[0]["outcome"] == "abandoned"


def test_the_higher_sequence_of_a_leg_is_its_last_word(tmp_path: Path) -> None:
    later, earlier = call({**OWN, "sequence": 3}), call({**OWN, "sequence": 2, "status": "missed"})
    for place, order in enumerate(([later, earlier], [earlier, later])):
        kept = Kept(tmp_path / str(place))
        assert newest(told(kept, order))["outcome"] == "answered"
        kept.close()


@pytest.mark.parametrize(
    "wrong",
    [{"call_id": ""}, {"call_id": "a b"}, {"status": "?"}, {"status": None}, {"to": "nobody"}, {"ended_at": "late"},
     {"talk_seconds": -5}],
)  # fmt: skip
def test_a_generic_payload_without_the_needed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NoCall):
        call({**OWN, **wrong})


@pytest.mark.parametrize("extra", [{"sequence": "x"}, {"from": ["a"]}, {"leg_id": 7}, {"keyword": "k" * 900}])
def test_what_matters_not_is_left_out(kept: Kept, extra: dict[str, Any]) -> None:
    assert told(kept, [call({**OWN, **extra})])[0]["outcome"] == "answered"


# ---- what is kept --------------------------------------------------------------------------------------------


def test_the_file_names_neither_caller_nor_visitor_nor_call(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    told(kept, [*words(dialled("no-answer")), *words(completed()), call(OWN)])
    kept.show("haengbok", TRACKING, kept.named("haengbok", "visitor", "v-canary"), NOW, before=None)
    kept.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "collector").iterdir())
    for secret in (b"1012345678", b'12345678"', PARENT.encode(), CHILD.encode(), b"v-canary", b"c-1"):
        assert secret not in content.replace(TRACKING.encode(), b"")


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "collector/phone.sqlite3"
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    kept = Kept(tmp_path)
    assert told(kept, words(dialled("completed", 5)))[0]["outcome"] == "answered"
    kept.close()


def test_words_are_forgotten_after_thirty_days(kept: Kept) -> None:
    told(kept, words(dialled("no-answer")))
    told(kept, words(dialled("busy", CallSid=SECOND)), now=NOW + timedelta(days=31))
    assert len(kept.heard("haengbok", "phone", words(dialled("busy"))[0], now=NOW + timedelta(days=31))) == 1


# ---- the desk ------------------------------------------------------------------------------------------------


def test_the_desk_sees_who_rings_by_the_last_four_digits_only() -> None:
    ringing = RingingCalls()
    ringing.hears("haengbok", "c-1", "ringing", now=NOW, number=TRACKING, caller=CALLER)
    (seen,) = ringing.of("haengbok", NOW)
    assert (seen.last_four, seen.state, seen.number) == ("5678", "ringing", TRACKING)
    assert "1234" not in repr(seen).replace(TRACKING, "")
    assert ringing.of("other", NOW) == []


def test_a_call_that_is_over_is_never_called_ringing_again() -> None:
    ringing = RingingCalls()
    for state in ("ringing", "talking", "over", "ringing", "talking"):
        ringing.hears("haengbok", "c-1", state, now=NOW, caller=CALLER)
    assert [one.state for one in ringing.of("haengbok", NOW)] == ["over"]
    assert ringing.last_four("haengbok", "c-1") == "5678"
    assert ringing.of("haengbok", NOW + timedelta(hours=2)) == []


def test_what_never_ends_stops_ringing_and_the_memory_is_bounded() -> None:
    ringing = RingingCalls()
    for number in range(1_000):
        ringing.hears("haengbok", f"c-{number}", "ringing", now=NOW)
    assert len(ringing.of("haengbok", NOW)) == 200
    assert ringing.of("haengbok", NOW + timedelta(minutes=11)) == []


def test_who_rings_on_a_number_is_the_visitor_who_sees_it() -> None:
    ringing = RingingCalls()
    ringing.sees("haengbok", TRACKING, "v-1", now=NOW)
    for call_id, later in (("c-1", timedelta(minutes=30)), ("c-2", timedelta(minutes=31))):
        ringing.hears("haengbok", call_id, "ringing", now=NOW + later, number=TRACKING)
    ringing.hears("other", "c-3", "ringing", now=NOW, number=TRACKING)
    seen = {call.call_id: call.visitor_id for site in ("haengbok", "other") for call in ringing.of(site, NOW)}
    assert seen == {"c-1": "v-1", "c-2": "", "c-3": ""}


def test_an_extension_has_no_last_four_digits() -> None:
    ringing = RingingCalls()
    ringing.hears("haengbok", "c-1", "ringing", now=NOW, caller="2011")
    assert ringing.last_four("haengbok", "c-1") == ""
