"""The outside -> topic: what may enter the log, who may say it, and how it is acknowledged."""
