"""The monitor worker: a Faust app fed with blocks, whose state owns its offsets."""
