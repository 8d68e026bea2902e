"""Lets experiments of FIS reach into a function's invocations: a layer, two variables, and a place to read from.

It is there only where `drills` says `function_faults`, for the layer is loaded at each cold start. FIS writes into the
bucket of the Region's drills what is to go wrong; the extension in the function reads it once a minute. If the bucket
is not there, nothing goes wrong. (docs.aws.amazon.com, FIS user guide, "Use the AWS FIS aws:lambda:function actions")
"""

from aws_cdk import Aws, Stack
from aws_cdk.aws_iam import PolicyStatement, Role
from aws_cdk.aws_lambda import Function, LayerVersion
from aws_cdk.aws_ssm import StringParameter

from stacks.config import Configuration
from stacks.constructs.drill_permissions import give
from stacks.drill_settings import reports_bucket

#: The rows of the catalogue whose invocations can be made to fail: the workers, and nothing that they rely upon.
REACHED = frozenset({"advance_jobs"})
#: Under this FIS writes; the guide calls it so.
FOLDER = "FisConfigs"
#: What a Region's AWS publishes: the ARN of the layer in its newest version 1.
LAYER_PARAMETER = "/aws/service/fis/lambda-extension/AWS-FIS-extension-arm64/1.x.x"
WRAPPER = "/opt/aws-fis/bootstrap"


def are_reached(configuration: Configuration, name: str) -> bool:
    """Say whether the invocations of a row of the catalogue are to be reached."""
    drills = configuration.drills
    return drills is not None and drills.function_faults == "on" and name in REACHED


def faults_bucket_arn(configuration: Configuration, account: str, region: str) -> str:
    """Return the ARN of the bucket in which the faults of a Region's functions are told."""
    return f"arn:{Aws.PARTITION}:s3:::{reports_bucket(configuration, account, region)}"


def let_faults_in(function: Function, role: Role, configuration: Configuration) -> None:
    """Add the extension, and what it needs to find and read what is to go wrong."""
    stack = Stack.of(function)
    bucket = faults_bucket_arn(configuration, stack.account, stack.region)
    layer = StringParameter.value_for_string_parameter(function, LAYER_PARAMETER)
    function.add_layers(LayerVersion.from_layer_version_arn(function, "FaultExtension", layer))
    function.add_environment("AWS_LAMBDA_EXEC_WRAPPER", WRAPPER)
    function.add_environment("AWS_FIS_CONFIGURATION_LOCATION", f"{bucket}/{FOLDER}/")
    give(
        role,
        [
            PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket],
                conditions={"StringLike": {"s3:prefix": [f"{FOLDER}/*"]}},
            ),
            PolicyStatement(actions=["s3:GetObject"], resources=[f"{bucket}/{FOLDER}/*"]),
        ],
    )
