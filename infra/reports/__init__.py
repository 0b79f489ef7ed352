"""Written reports: asked of ClickHouse, worked out, kept by revision."""
