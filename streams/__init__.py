"""The trunk: Kafka, the workers, the commands."""
