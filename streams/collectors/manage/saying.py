"""What the manage page's API says when it takes nothing: problems, each with a code and values to say it in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import json_answer, told
from streams.collectors.entries import EntriesRefused
from streams.collectors.importers.drafts import Refusal


class NotTaken(Exception):
    """Ends a request with 422 (or another status): what was sent can be read and cannot be done."""

    def __init__(
        self, problem: Problem, *, code: str = "", values: Mapping[str, str] | None = None, status: int = 422
    ) -> None:
        """The problem; a code and values let the page say it in the person's language."""
        super().__init__(problem.found)
        self.problem = problem
        self.code = code
        self.values = dict(values or {})
        self.status = status


def not_taken(refused: NotTaken) -> web.Response:
    """What cannot be done -> its answer, in the shape of every refusal here."""
    problem = {**told(refused.problem), "code": refused.code, "values": refused.values}
    return _rejected(refused.status, [problem])


def entries_refused(refused: EntriesRefused) -> web.Response:
    """Entries the door did not take -> 422 with every problem."""
    return _rejected(422, [told(problem) for _, problem in refused.problems])


def refusal_told(refusal: Refusal) -> dict[str, Any]:
    """A refused line -> its line, column, what was found and what would be right."""
    return {
        "line": refusal.line,
        "column": refusal.column,
        "found": refusal.found,
        "fix": refusal.fix,
    }


def _rejected(status: int, problems: Sequence[Mapping[str, Any]]) -> web.Response:
    rejected = {"index": None, "event_id": None, "problems": list(problems)}
    return json_answer(status, {"accepted": [], "duplicate": [], "rejected": [rejected]})
