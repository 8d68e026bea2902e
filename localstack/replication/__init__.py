"""The replication link: what a DynamoDB global table's service does between Regions, done between two processes."""
