"""The commands of `antipode`: one file per group, each with a function `register(app)`."""
