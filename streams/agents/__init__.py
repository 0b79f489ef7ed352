"""Topic -> core -> ClickHouse, one partition chunk at a time; acknowledged last."""
