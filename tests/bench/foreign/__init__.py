"""Scripts that other drift tools run, in environments of their own; nothing of ours is there."""
