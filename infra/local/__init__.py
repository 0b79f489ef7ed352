"""The local stack: real Kafka and the embedded ClickHouse engine as processes of their own."""
