"""The engine as the portal calls it: one channel, calls for a client and for planners."""
