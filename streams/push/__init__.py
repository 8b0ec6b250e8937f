"""Records over HTTP: they are checked, written to Kafka, and only then answered for."""
