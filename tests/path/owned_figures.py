"""Owned media's figures worked out anew in plain Python, from what the views of events, sessions and money say.

Small, obvious, slow: every figure from its definition in the metrics' page, nothing taken from the SQL that it judges.
"""

import json
import unicodedata
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from clickhouse_connect.driver.client import Client

from streams.domain.referrers import host_and_path

Row = dict[str, Any]
INFLOW = {"organic_search", "organic_shopping", "organic_social", "organic_video", "owned"}
OWNED = INFLOW | {"direct", "email", "sms", "push", "messenger", "maps"}
BASE = {"media", "agency", "staff", "reward"}
IDLE = timedelta(seconds=1_800)


def rows_of(client: Client, statement: str) -> list[Row]:
    """A statement -> its rows by column."""
    answer = client.query(statement)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def page_of(url: str) -> tuple[str, str]:
    """An address -> host without www. and path; without a host, what stands before its query."""
    host, path = host_and_path(url)
    return host.removeprefix("www."), path or url.partition("#")[0].partition("?")[0]


def ratio(part: float, whole: float) -> float | None:
    """Two counts -> their ratio, none of nothing."""
    return part / whole if whole else None


def months_of(first: date, last: date) -> float:
    """Inclusive days -> months, a month cut off by its days."""
    found = 0.0
    day = first.replace(day=1)
    while day <= last:
        length = monthrange(day.year, day.month)[1]
        end = day.replace(day=length)
        found += ((min(end, last) - max(day, first)).days + 1) / length
        day = end + timedelta(days=1)
    return found


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _typed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


class Owned:
    """One site of one run in a period: its figures."""

    def __init__(
        self, client: Client, site: str, run: str, since: date, until: date, branches: Iterable[str] = ()
    ) -> None:
        """Read what the public views say of the site."""
        of = f"WHERE site = '{site}' AND run = '{run}'"
        self.since, self.until, self.branches = since, until, set(branches)
        self.said = [
            {**json.loads(row["payload"]), **row, "happened": row["occurred_at"]}
            for row in rows_of(client, f"SELECT * FROM headwater.events WHERE site = '{site}'")
        ]
        gone = {row["withdraws"] for row in self.said if row["type"] == "event_withdrawn"}
        self.events = [row for row in self.said if row["event_id"] not in gone and not row.get("bot")]
        self.touches = rows_of(client, f"SELECT * FROM headwater.touches {of} AND kind = 'session'")
        self.conversions = rows_of(client, f"SELECT * FROM headwater.conversions {of}")
        self.activities = rows_of(
            client, f"SELECT * FROM headwater.activities {of} AND type = 'content_engaged'"
        )
        self.spends = rows_of(client, f"SELECT * FROM headwater.spend_daily {of}")
        self.payments = rows_of(client, f"SELECT * FROM headwater.payments {of}")
        self.funnel = rows_of(client, f"SELECT * FROM headwater.channel_funnel_daily {of} AND model = 'last'")
        self.kinds = {
            row["channel"]: row["kind"] for row in rows_of(client, f"SELECT * FROM headwater.channels {of}")
        }
        self.entries = [
            json.loads(row["definition"])
            for row in rows_of(client, f"SELECT * FROM headwater.definitions {of}")
        ]
        self.site = rows_of(client, f"SELECT * FROM headwater.sites {of}")[0]

    def entries_of(self, kind: str) -> list[Row]:
        """The definitions of a kind by id."""
        return sorted((one for one in self.entries if one["kind"] == kind), key=lambda one: one["id"])

    def _inside(self, day: date) -> bool:
        return self.since <= day <= self.until

    def _here(self, branch: str) -> bool:
        return not self.branches or branch in self.branches

    def _class(self, channel: str) -> str:
        return self.kinds.get(channel) or channel

    def _words(self, list_kind: str) -> list[str]:
        lists = [one for one in self.entries_of("keyword_list") if one.get("list_kind") == list_kind]
        return [typed for one in lists for word in one.get("keywords") or [] if (typed := _typed(word))]

    def hits(self) -> list[Row]:
        """Every page with the session it belongs to: its visitor's latest begun at or before it."""
        starts = {touch["touch_id"]: touch for touch in self.touches}
        seen: dict[Any, list[Row]] = defaultdict(list)
        for event in self.events:
            if event["type"] in ("visit_seen", "page_viewed"):
                visitor, session = event.get("visitor_id"), event.get("session_id")
                who = ("v", visitor) if visitor else ("s", session) if session else ("e", event["event_id"])
                seen[who].append(event)
        found = []
        for pages in seen.values():
            running: Row | None = None
            for event in sorted(pages, key=lambda one: (one["happened"], one["event_id"].encode())):
                if event["event_id"] in starts:
                    running = starts[event["event_id"]]
                    running["position"] = 0
                if running is not None:
                    running["position"] += 1
                    found.append({**event, "session": running, "position": running["position"]})
        return found

    def sessions(self) -> list[Row]:
        """Sessions with their pages and the goals they reached, of all time and all branches."""
        pages: dict[str, list[Row]] = defaultdict(list)
        for hit in self.hits():
            pages[hit["session"]["touch_id"]].append(hit)
        found = [{**touch, "pages": pages[touch["touch_id"]], "goals": {}} for touch in self.touches]
        for session in found:
            session["first"] = (session["touched_at"], session["touch_id"].encode())
            session["last_at"] = max(hit["happened"] for hit in session["pages"])
        for goal in self.entries_of("goal"):
            for at, event_id, session, said in self._reached(goal, found):
                said_value = _worth(goal)
                reach = (at, event_id.encode(), said if said_value is None else said_value)
                before = session["goals"].get(goal["id"])
                if before is None or reach[:2] < before[:2]:
                    session["goals"][goal["id"]] = reach
        return found

    def _reached(self, goal: Row, sessions: list[Row]) -> Iterable[tuple[datetime, str, Row, float | None]]:
        if goal.get("rules"):
            for session in sessions:
                for hit in session["pages"]:
                    if all(_holds(rule, hit["url"]) for rule in goal["rules"]):
                        yield hit["happened"], hit["event_id"], session, None
        said = [
            (one["happened_at"], one["event_id"], one["person_id"], one["value"])
            for one in self.activities
            if one["action"] == "goal" and one["subject"] in (goal.get("contents") or [goal["id"]])
        ] + [
            (one["converted_at"], one["event_id"], one["person_id"], None)
            for one in self.conversions
            if goal.get("stage") and one["stage"] == goal["stage"]
        ]
        for at, event_id, person, value in said:
            running = [
                session
                for session in sessions
                if session["person_id"] == person
                and session["first"] <= (at, event_id.encode())
                and at <= session["last_at"] + IDLE
            ]
            if running:
                yield at, event_id, max(running, key=lambda one: one["first"]), value

    @cached_property
    def asked_sessions(self) -> list[Row]:
        """The sessions of the period and branches, with what they count for."""
        contents = [(one["id"], one) for one in self.entries_of("content")]
        brand, negative, target = (self._words(kind) for kind in ("brand", "negative", "target"))
        found = []
        for session in self.sessions():
            if not self._inside(session["day"]) or not self._here(session["branch"]):
                continue
            kind = self._class(session["channel"])
            host, path = page_of(session["landing_page"])
            landed = next(
                (
                    one
                    for _, one in contents
                    if any(_is_page(said, host, path) for said in one.get("landing_pages") or [])
                ),
                {},
            )
            typed = _typed(session["keyword"]) if kind == "organic_search" else ""
            on_list = {
                name: any(word in typed for word in words)
                for name, words in (("brand", brand), ("negative", negative), ("target", target))
            }
            if typed:
                fits = on_list["target"] if target else not on_list["negative"]
            else:
                fits = not contents or bool(landed)
            on_target = kind in INFLOW and fits
            price = next(
                (
                    one
                    for one in (landed.get("reference_cpc"), self.site["reference_cpc"], self._paid_click())
                    if one is not None
                ),
                None,
            )
            found.append(
                {
                    **session, "class": kind, "typed": typed, **on_list, "on_target": on_target, "price": price,
                    "content": landed.get("id", ""),
                }
            )  # fmt: skip
        return found

    def _paid_click(self) -> float | None:
        spends: dict[str, list[Row]] = defaultdict(list)
        for row in self.spends:
            spends[row["spend_id"]].append(row)
        paid = [
            rows
            for rows in spends.values()
            if rows[0]["kind"] == "media"
            and any(row["clicks"] for row in rows)
            and any(self._inside(row["day"]) for row in rows)
        ]
        clicks = sum(row["clicks"] or 0 for rows in paid for row in rows)
        return ratio(sum(row["amount"] for rows in paid for row in rows), clicks)

    def pages(self) -> dict[str, Row]:
        """Page -> its views and the value of the goals after them."""
        found: dict[str, Row] = defaultdict(lambda: defaultdict(float))
        for session in self.asked_sessions:
            order = [
                ((hit["happened"], hit["event_id"].encode()), "".join(page_of(hit["url"])))
                for hit in session["pages"]
            ]
            goals = session["goals"].values()
            for page in {page for _, page in order}:
                row = found[page]
                views = [at for at, seen in order if seen == page]
                row["views"] += len(views)
                row["unique_views"] += 1
                row["entrances"] += order[0][1] == page
                before = [at for at in views if any(at < goal[:2] for goal in goals)]
                row["path_views"] += len(before)
                row["converting_sessions"] += bool(before)
                row["goal_value"] += sum((goal[2] or 0) for goal in goals if views[0] < goal[:2])
        for row in found.values():
            row["page_value"] = row["goal_value"] / row["unique_views"]
            row["page_value_every_view"] = ratio(row["goal_value"], row["path_views"])
        return found

    def views_of(self, action: str) -> dict[str, list[Row]]:
        """Content -> its engagements of the period, by what was said."""
        found: dict[str, list[Row]] = defaultdict(list)
        for one in self.activities:
            if one["action"] == action and self._inside(one["day"]) and self._here(one["branch"]):
                found[one["subject"]].append(one)
        return found

    def shares_watched(self, said: str) -> list[float | None]:
        """A video -> of each person and day the share watched, none where the length is unknown."""
        plays: dict[Any, list[Row]] = defaultdict(list)
        for one in self.views_of("video").get(said, []):
            plays[one["person_id"], one["day"]].append(one)
        found = []
        for rows in plays.values():
            watched = [row["watched_seconds"] for row in rows if row["watched_seconds"] is not None]
            length = max((row["length_seconds"] or 0 for row in rows), default=0)
            found.append(min(max(watched), length) / length if watched and length else None)
        return found

    def contents(self) -> dict[str, Row]:
        """Content -> what it brought."""
        entries = {one["id"]: one for one in self.entries_of("content")}
        named: dict[str, str] = {}
        for id in sorted(entries, reverse=True):
            named |= dict.fromkeys([*(entries[id].get("files") or []), id], id)
        downloads, videos = self.views_of("download"), self.views_of("video")
        ids = set(entries) | {named.get(said, said) for said in {*downloads, *videos}}
        found = {}
        for id in ids:
            entry = entries.get(id, {})
            said = {one for one in {*downloads, *videos} if named.get(one, one) == id}
            sessions = [one for one in self.asked_sessions if one["content"] == id]
            inflow = [one for one in sessions if one["on_target"]]
            published = entry.get("published_on")
            first = max(self.since, date.fromisoformat(published)) if published else self.since
            months = months_of(first, self.until) if first <= self.until else 0.0
            price = next(
                (
                    one
                    for one in (entry.get("reference_cpc"), self.site["reference_cpc"], self._paid_click())
                    if one is not None
                ),
                None,
            )
            value = 0 if not inflow else None if price is None else len(inflow) * price
            monthly = None if value is None or not months else value / months
            cost = entry.get("cost")
            even = cost / monthly if cost is not None and monthly else None
            shares = [share for one in said for share in self.shares_watched(one)]
            rated = [share for share in shares if share is not None]
            rate = ratio(sum(rated), len(rated))
            price_of_view = self.site["reference_cpv"]
            found[id] = {
                "sessions": len(sessions), "inflow_sessions": len(inflow), "months": months, "inflow_value": value,
                "monthly_inflow_value": monthly, "break_even_months": even,
                "cheaper_from_month": None if even is None else int(even) + 1,
                "downloads": sum(len(downloads.get(one, [])) for one in said),
                "downloaders": len({row["person_id"] for one in said for row in downloads.get(one, [])}),
                "plays": len(shares), "view_rate": rate,
                "video_value": None
                if rate is None or price_of_view is None
                else len(shares) * price_of_view if rate > 0.9 else 0,
            }  # fmt: skip
        return found

    def figures(self) -> Row:
        """The row of the site."""
        sessions = self.asked_sessions
        contents = self.entries_of("content")

        def count(holds: Callable[[Row], Any]) -> int:
            return sum(1 for one in sessions if holds(one))

        typed = count(lambda one: one["typed"])
        value = {id(one): sum(goal[2] or 0 for goal in one["goals"].values()) for one in sessions}
        on_target = [one for one in sessions if one["on_target"]]
        inflow_value = (
            None if any(one["price"] is None for one in on_target) else sum(one["price"] for one in on_target)
        )
        made = sum(
            one.get("cost") or 0
            for one in contents
            if one.get("published_on") and self._inside(date.fromisoformat(one["published_on"]))
        )
        costs = [row for row in self.spends if row["kind"] in BASE and self._inside(row["day"])]
        owned_costs = [row for row in costs if self._class(row["channel"]) in OWNED]
        owned_cost = sum(row["amount"] for row in owned_costs if self._here(row["branch"]))
        cost = sum(row["amount"] for row in costs if self._here(row["branch"]))
        unplaced = unplaced_owned = 0
        if self.branches:
            unplaced = sum(row["amount"] for row in costs if not row["branch"]) + made
            unplaced_owned = sum(row["amount"] for row in owned_costs if not row["branch"]) + made
        else:
            owned_cost, cost = owned_cost + made, cost + made
        funnel = [row for row in self.funnel if self._inside(row["day"]) and self._here(row["branch"])]
        earned = sum(row["revenue"] for row in funnel if self._class(row["channel"]) in OWNED)
        revenue = earned if self.site["payments"] else None
        owned_value = sum(value[id(one)] for one in sessions if one["class"] in OWNED)
        known = owned_cost and not unplaced_owned
        with_inflow = None
        if known and revenue is not None and inflow_value is not None:
            with_inflow = (revenue + inflow_value - owned_cost) / owned_cost
        cash = sum(row["cash"] for row in funnel)
        base, margin = self.site["baseline_monthly_revenue"], self.site["contribution_margin"]
        baseline = None if base is None or self.branches else base * months_of(self.since, self.until)
        romi = None
        if baseline is not None and margin is not None and cost:
            romi = ((cash - baseline) * margin - cost) / cost
        videos = {said: self.shares_watched(said) for said in self.views_of("video")}
        rated = [share for shares in videos.values() for share in shares if share is not None]
        valued = 0
        for shares in videos.values():
            rates = [share for share in shares if share is not None]
            if rates and sum(rates) / len(rates) > 0.9:
                valued += len(shares)
        price_of_view = self.site["reference_cpv"]
        return {
            "sessions": len(sessions),
            "direct_visit_rate": ratio(count(lambda one: one["class"] == "direct"), len(sessions)),
            "keyword_sessions": typed,
            "brand_keyword_rate": ratio(count(lambda one: one["brand"]), typed),
            "negative_keyword_rate": ratio(count(lambda one: one["negative"]), typed),
            **self._searched(),
            "converting_sessions": count(lambda one: one["goals"]),
            "conversion_rate": ratio(count(lambda one: one["goals"]), len(sessions))
            if self.entries_of("goal")
            else None,
            "goal_conversions": sum(len(one["goals"]) for one in sessions),
            "goal_value": sum(value.values()),
            "owned_sessions": count(lambda one: one["class"] in OWNED),
            "owned_goal_value": owned_value,
            "inflow_sessions": count(lambda one: one["class"] in INFLOW),
            "on_target_sessions": len(on_target),
            "inflow_value": inflow_value,
            "owned_revenue": revenue,
            "owned_cost": owned_cost,
            "owned_romi": (owned_value - owned_cost) / owned_cost if known else None,
            "owned_romi_with_inflow": with_inflow,
            "marketing_cost": cost,
            "unplaced_cost": unplaced,
            "cash_revenue": cash,
            "baseline_revenue": baseline,
            "romi": romi,
            "downloads": sum(map(len, self.views_of("download").values())),
            "plays": sum(map(len, videos.values())),
            "view_rate": ratio(sum(rated), len(rated)),
            "video_value": None if price_of_view is None else valued * price_of_view,
        }

    def _searched(self) -> Row:
        newest: dict[Any, tuple[Any, ...]] = {}
        for event in self.events:
            if event["type"] == "search_query_measured":
                key = ("q", event["engine"], event["query"], event["period_start"], event["period_end"])
                said: tuple[Any, ...] = (
                    event["happened"],
                    event["event_id"].encode(),
                    event["clicks"],
                    False,
                )
            elif event["type"] == "search_volume_measured":
                key = ("v", event["brand"], event["keyword"], event["month"], "")
                said = (event["happened"], event["event_id"].encode(), event["volume"], event["own"])
            else:
                continue
            newest[key] = max(newest.get(key, said), said)
        inside = {
            key: said
            for key, said in newest.items()
            if key[0] == "q"
            and date.fromisoformat(key[3]) >= self.since
            and date.fromisoformat(key[4]) <= self.until
        }
        clicks = sum(said[2] for said in inside.values())

        def of(list_kind: str) -> int:
            words = self._words(list_kind)
            return sum(
                said[2] for key, said in inside.items() if any(word in _typed(key[2]) for word in words)
            )

        volume: dict[str, int] = defaultdict(int)
        own: set[str] = set()
        for key, said in newest.items():
            if key[0] == "v" and self._inside(date.fromisoformat(f"{key[3]}-01")):
                volume[key[1]] += said[2]
                if said[3]:
                    own.add(key[1])
        ours = sum(volume[brand] for brand in own)
        return {
            "query_clicks": clicks,
            "brand_query_rate": ratio(of("brand"), clicks),
            "negative_query_rate": ratio(of("negative"), clicks),
            "share_of_search": ratio(ours, sum(volume.values())),
            "relative_share_of_search": ratio(ours, max(volume.values(), default=0)),
        }


def _is_page(said: str, host: str, path: str) -> bool:
    bare = said.partition("#")[0].partition("?")[0]
    if bare.startswith("/") and not bare.startswith("//"):
        return bare == path
    return "".join(page_of(bare)) == host + path


def _worth(goal: Row) -> float | None:
    value = goal.get("value")
    if value is None and goal.get("monthly_price") is not None and goal.get("months") is not None:
        kept = goal.get("retention")
        value = goal["monthly_price"] * goal["months"] * (1 if kept is None else kept)
    if value is None and goal.get("price") is not None and goal.get("close_rate") is not None:
        value = goal["price"] * goal["close_rate"]
    return value


def _holds(rule: Row, url: str) -> bool:
    host, path = page_of(url)
    part = _folded(
        {
            "url": url,
            "url_host": host,
            "url_path": path,
            "url_query": url.partition("#")[0].partition("?")[2],
        }[rule["field"]]
    )
    if rule.get("equals") is not None and part != _folded(rule["equals"]):
        return False
    return rule.get("contains") is None or _folded(rule["contains"]) in part
