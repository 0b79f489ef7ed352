"""The figures of the metrics page for the field document's table, checked on rows read back."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from streams.domain.scoreboard import ScoreRow
from tests.path.field_example import TABLE


class Figures(NamedTuple):
    """What the page says of one channel."""

    cac: int
    roi: float
    action: str


PAGE = {
    "naver_blog": Figures(285_714, 2.8, "keep"),
    "naver_place": Figures(117_647, 5.2, "increase"),
    "flyer": Figures(1_000_000, 0.4, "stop"),
    "mom_cafe": Figures(111_111, 5.6, "increase"),
    "referral": Figures(0, inf, "strengthen"),
}


def check_field_example(rows: Mapping[str, ScoreRow]) -> None:
    """Fails unless the rows, by channel, are those of the page."""
    assert set(rows) == {*PAGE, "unattributed"}
    for channel in TABLE:
        row = rows[channel.slug]
        assert row.cac is not None
        assert Figures(int(row.cac), row.roi or 0.0, row.action) == PAGE[channel.slug]
        assert row.action_agreement == 5
        assert (row.inquiries, row.registrations) == (channel.inquiries, channel.registrations)
        assert row.inquiry_to_registration == channel.registrations / channel.inquiries
        assert (row.spend, row.revenue) == (channel.spend * 10, channel.revenue * 10)
        assert row.ltv == 15_300_000
    assert rows["naver_blog"].inquiry_to_registration == 0.2625
    assert round(rows["naver_blog"].ltv_to_cac or 0, 2) == 53.55
    assert rows["referral"].ltv_to_cac == inf
    assert rows["unattributed"].action == "none"
