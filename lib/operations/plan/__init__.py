"""What a stage will cost, and how its queues and functions behave under load."""
