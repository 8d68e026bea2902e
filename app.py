"""The CDK app: `cdk synth`, `cdk deploy` and `cdk diff` begin here. See stacks/environments.py for what can be set."""

import sys

from aws_cdk import Validations

from stacks.environments import ConfigurationError, configuration_of
from stacks.stage import AntipodeStage, new_app


def main() -> None:
    """Write the templates of the environment that the context names."""
    app = new_app()
    try:
        configuration = configuration_of(app.node.get_all_context())
    except ConfigurationError as error:
        sys.exit(f"The configuration is wrong.\n{error}")
    AntipodeStage(app, configuration=configuration)
    # The local cloud is rebuilt all day long from the same templates, which the tests check.
    if configuration.environment != "local":
        from cdk_nag import AwsSolutionsChecks  # a second to load

        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
