"""Topics of other people: reading them, and the forms in which labs write messages there."""
