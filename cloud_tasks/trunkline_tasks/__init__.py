"""Cloud tasks: each finishes the inference that a trunk began, from frames it receives by gRPC."""
