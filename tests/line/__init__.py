"""The whole line under test: real Kafka, the real engine, workers as processes of their own."""
