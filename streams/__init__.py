"""What is done with the events: collectors, the pure domain, agents and sinks."""
