"""The log as files: saved record by record, put back onto an empty machine."""
