"""Pure modelling: what makes synthetic batches from real rows."""
