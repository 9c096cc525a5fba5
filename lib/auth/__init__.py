"""Authentication: API tokens, signing keys, and URL signatures."""
