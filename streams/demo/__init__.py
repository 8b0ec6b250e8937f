"""The story of the solar cells, played live."""
