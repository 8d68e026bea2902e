"""What exists on AWS, in both Regions, and the command line that puts it there."""
