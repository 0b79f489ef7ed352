"""The pure core: values in, values out; no Kafka, no ClickHouse, no clock, no randomness."""
