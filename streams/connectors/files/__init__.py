"""Files as a source: which is which, how far each was read, and what stands in it."""
