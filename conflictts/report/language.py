"""Whole sentences with named slots, in the language of the report."""

from __future__ import annotations


def language() -> str:
    """The language of the report, "en" or "fr"."""
    return "en"


def say(sentence: str, **slots: object) -> str:
    """Fill the slots of a sentence that is written in English."""
    return sentence.format(**slots)
