"""The tests are a package, so that they can share harnesses and be run as programs."""
