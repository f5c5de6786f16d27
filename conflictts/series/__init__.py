"""Incidents in, daily series out."""
