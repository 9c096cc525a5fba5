"""The HTTP API: its routes, functions, roles, authorizers and throttles."""
