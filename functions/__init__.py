"""Everything that runs in the cloud: one import path on a laptop, in Lambda and in ECS."""
