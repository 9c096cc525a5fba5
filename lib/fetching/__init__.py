"""Photos that are fetched by URL: ordered through the API, brought in the background.

Nothing is imported here: the API takes orders without loading what carries them out.
"""
