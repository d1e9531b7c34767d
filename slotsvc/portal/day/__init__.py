"""The planner's day, to look at: routes, promises, what waits and what is broken."""
