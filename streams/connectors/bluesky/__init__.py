"""Documents of a Bluesky RunEngine, as bluesky-kafka publishes them."""
