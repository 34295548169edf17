"""What the items of each kind go through, over the services of the exactly-once protocol."""
