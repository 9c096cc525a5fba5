"""Writes numbers with their noun in messages."""


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Returns `1 photo` or `1,204 photos`; `plural` is the form of a noun that takes no s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
