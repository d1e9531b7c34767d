"""The engine, as the portal calls it: over gRPC, for one client or for a planner."""
