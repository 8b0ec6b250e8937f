"""Apache Kafka as a child process, its clients and its administration."""
