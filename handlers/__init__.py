"""Entry points for Lambda: each reads its settings, makes one call and returns."""
