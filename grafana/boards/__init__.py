"""Every dashboard, in the order of the day: today first, the pipeline last."""

from typing import Final

from grafana.boards import (
    attribution,
    calls,
    campaigns,
    channels,
    crm,
    experiments,
    goals,
    growth,
    journeys,
    owned,
    pipeline,
    today,
)
from grafana.panel import Board

BOARDS: Final[dict[str, Board]] = {
    module.BOARD.slug: module.BOARD
    for module in (
        today,
        channels,
        attribution,
        campaigns,
        calls,
        owned,
        crm,
        experiments,
        goals,
        growth,
        journeys,
        pipeline,
    )
}
