"""What both workers tell Prometheus in the same way."""
