"""Findings in, one page out."""
