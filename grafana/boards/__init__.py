"""Every dashboard, in the order of the day: today first, the pipeline last."""

from typing import Final

from grafana.boards import attribution, calls, campaigns, channels, journeys, pipeline, today
from grafana.panel import Board

BOARDS: Final[dict[str, Board]] = {
    module.BOARD.slug: module.BOARD
    for module in (today, channels, attribution, campaigns, calls, journeys, pipeline)
}
