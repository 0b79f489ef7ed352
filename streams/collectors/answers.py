"""What a door says back: JSON in one shape, and the exception that ends a request with it."""

import random
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from schemas.problems import Problem


class Answer(Exception):
    """Ends a request with a status and a problem; nothing of what was sent belongs into the problem."""

    def __init__(self, status: int, problem: Problem, *, retry_after: float | None = None) -> None:
        """The status, what is wrong, and after how many seconds to try again."""
        super().__init__(status)
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


def json_answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """A status and a value -> the response that says it as JSON."""
    return web.Response(
        body=orjson.dumps(content), status=status, content_type="application/json", headers=headers or {}
    )


def problem_answer(answer: Answer) -> web.Response:
    """An Answer -> its response: `rejected` holds the problem, Retry-After is spread so that retries are."""
    rejected = {"index": None, "event_id": None, "problems": [told(answer.problem)]}
    headers = {}
    if answer.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if answer.retry_after is not None:
        headers["Retry-After"] = retry_after(answer.retry_after)
    return json_answer(answer.status, {"accepted": [], "duplicate": [], "rejected": [rejected]}, headers)


def told(problem: Problem) -> dict[str, str]:
    """A problem -> field, found and fix."""
    return {"field": problem.field, "found": problem.found, "fix": problem.fix}


def retry_after(seconds: float) -> str:
    """Seconds -> a Retry-After around them, at least 1, so that not everybody comes back at once."""
    return str(max(1, round(seconds * random.uniform(0.75, 1.5))))
