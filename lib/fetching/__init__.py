"""Photos fetched by URL: submitted through the API, downloaded in the background.

This file imports nothing, so that the API does not load the downloader.
"""
