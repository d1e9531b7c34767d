"""What clients do: follow their interventions, choose a window, confirm, move, cancel."""
