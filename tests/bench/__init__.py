"""Benchmarks: speed beside peers in the same run, latency, memory. `make bench` prints them."""
