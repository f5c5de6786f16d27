"""A daily series in, findings about a truce out."""
