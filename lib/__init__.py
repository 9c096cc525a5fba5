"""What Image Fan-out does, apart from the doors through which it is asked."""
