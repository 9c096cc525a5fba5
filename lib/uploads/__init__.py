"""Uploads: tickets, paths, status and deletion of photos."""
