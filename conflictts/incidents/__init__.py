"""Records in, checked incidents out."""
