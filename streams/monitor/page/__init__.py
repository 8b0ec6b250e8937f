"""The live page: what is served, to whom, and how it stays up to date."""
