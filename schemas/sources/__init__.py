"""Where records come from: the ``[source.NAME]`` tables of the lab file, a model for each type."""
