"""What pages show, as plain data: computed once, written to JSON, drawn from there."""
