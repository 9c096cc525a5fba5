"""Writes numbers and times of a plan in their largest unit."""


def format_count(number: float) -> str:
    """Formats a number in the largest unit that it has one of, such as `1.5M`."""
    for unit, length in (("M", 1e6), ("k", 1e3)):
        if number >= length:
            return f"{number / length:.3g}{unit}"
    return f"{number:.3g}"


def format_things(number: float, noun: str) -> str:
    """Formats a number as `format_count` does, with its noun: `1 photo`, `1.5M photos`."""
    count = format_count(number)
    return f"{count} {noun}" if count == "1" else f"{count} {noun}s"


def format_seconds(seconds: float) -> str:
    """Formats a time in the largest unit of which there are two, such as `90 min`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
