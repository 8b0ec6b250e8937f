"""The generator worker: requests in, better batches out."""
