"""gRPC: converts, calls a use case, converts back."""
