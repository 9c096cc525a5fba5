"""Lists, replays and purges dead letters without losing any."""
