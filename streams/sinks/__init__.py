"""What the core worked out -> rows in ClickHouse."""
