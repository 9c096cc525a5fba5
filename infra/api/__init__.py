"""The HTTP API: a function for each concern, who may call it, how often, and from which sites.

`routes` are the functions and their roles, `rendering` the one of them that needs a core,
`throttles` how often each may be called, `auth` the ways to know callers, `fetching` what a route
leaves to the background.
"""
