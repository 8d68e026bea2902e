"""What Route 53 answers, worked out from what was deployed: pure, without a socket or a client."""
