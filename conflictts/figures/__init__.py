"""Series and findings in, Axes out."""
