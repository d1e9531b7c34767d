"""The command line. A gRPC client, except `up serve demo migrate map doctor config version`."""
