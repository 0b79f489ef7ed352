"""Alert rules asked of ClickHouse now: what Grafana would tell of, for those who have none."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from grafana.alerts import ALERTS, Alert
from grafana.words import Language


class Firing(NamedTuple):
    """One rule that fires, what it fires for, and the value that is above the limit; None: nothing was recorded."""

    alert: Alert
    names: dict[str, str]
    value: float | None

    def said_in(self, language: Language) -> str:
        """A language -> the sentence for people."""
        if self.value is None:
            return f"{self.alert.title.said_in(language)} (–)"
        text = self.alert.said.said_in(language)
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value or "–")
        number = (
            f"{self.value:,.0f}"
            if self.value >= 100 or self.value == int(self.value)
            else f"{self.value:.2f}"
        )
        return text.replace("{value}", number)


def firing(client: Any, alerts: Iterable[Alert] = ALERTS) -> list[Firing]:
    """A reader of ClickHouse -> every rule that fires now, by what it fires for."""
    found = []
    for alert in alerts:
        answer = client.query(alert.sql)
        rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
        if not rows and alert.silence_fires:
            found.append(Firing(alert, {}, None))
        for row in rows:
            value = float(row.pop("value"))
            if value > alert.above:
                found.append(Firing(alert, {name: str(one) for name, one in row.items()}, value))
    return found
