"""Plans a stage: its costs, and the behaviour of its queues and functions under load."""
