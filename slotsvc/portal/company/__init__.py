"""What companies set up: business units, clients, what is shown to whom."""
