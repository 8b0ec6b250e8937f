"""What a stream's records lead to, without any I/O: the same live and offline."""
