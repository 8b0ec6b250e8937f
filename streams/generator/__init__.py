"""The generator worker: answers requests for a challenger, one at a time, each exactly once."""
