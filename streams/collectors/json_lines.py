"""Log lines as JSON, one object a line: when, how bad, which part, what; of an exception only type and place."""

import logging
import traceback
from datetime import UTC, datetime

import orjson


class JsonLines(logging.Formatter):
    """A log record -> its line; an exception's own words may quote what was sent and are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
            line["error"] = record.exc_info[0].__name__ + place
        return orjson.dumps(line).decode()
