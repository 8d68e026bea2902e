"""One file per Lambda function: parse, one use case, map the result."""
