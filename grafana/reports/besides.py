"""What a month and a quarter tell besides their channels: owned media, new customers, messages, experiments, goals and tools; only where there is any."""

from typing import Final

from grafana.reports import experiments, growth, messages, outcomes, owned
from grafana.reports.questions import THERE_IS
from grafana.reports.report import Question, Section
from grafana.reports.telling import Telling

QUESTIONS: Final[tuple[Question, ...]] = (
    THERE_IS,
    *owned.QUESTIONS,
    *growth.QUESTIONS,
    *messages.QUESTIONS,
    *experiments.QUESTIONS,
    *outcomes.QUESTIONS,
)


def besides(tell: Telling) -> list[Section]:
    """The sections that have something to say."""
    return [
        *owned.owned(tell),
        *growth.growth(tell),
        *messages.messages(tell),
        *experiments.experiments(tell),
        *outcomes.outcomes(tell),
    ]
