"""Every kind of written report."""

from typing import Final

from grafana.reports import before_after, campaign, monthly, quarterly, yearly
from grafana.reports.report import Kind

KINDS: Final[dict[str, Kind]] = {
    module.KIND.slug: module.KIND for module in (campaign, monthly, quarterly, yearly, before_after)
}
