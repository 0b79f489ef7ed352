"""Every site that may have pseudonyms: before one's keys are destroyed, all others' must be kept."""

from infra.forgetting.leaving import spooled
from infra.local import progress, stack
from infra.settings import Settings

_SITES = """
SELECT DISTINCT site FROM headwater.event_archive
UNION DISTINCT SELECT DISTINCT site FROM headwater.site_rows
UNION DISTINCT SELECT DISTINCT site FROM headwater.dead_letter_rows
"""


class NotAllKnown(Exception):
    """Why it cannot be told which sites there are."""


async def sites_with_pseudonyms(settings: Settings) -> set[str]:
    """Every site that the log names; raises NotAllKnown unless ClickHouse has all of the log and the spool is empty."""
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    if spooled(settings.home):
        raise NotAllKnown("the collector's spool holds events that the log lacks: wait until it is empty")
    try:
        ends = await progress.log_ends(settings)
        client = stack.writer(settings)
        try:
            if progress.behind(ends, progress.written_places(client)):
                raise NotAllKnown("ClickHouse does not have all of the log yet: `headwater wait`, then again")
            return {site for (site,) in client.query(_SITES).result_rows if site}
        finally:
            client.close()
    except (KafkaError, ClickHouseError, OSError) as failed:
        raise NotAllKnown(
            f"which sites there are is not known ({type(failed).__name__}): is it up?"
        ) from None
