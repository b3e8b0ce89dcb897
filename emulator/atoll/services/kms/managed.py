"""The aliases whose keys AWS makes when a service first uses them.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""

from __future__ import annotations

_SERVICES = (
    "acm appflow auditmanager backup cassandra cloudtrail codeartifact codecommit codepipeline connect dax dms "
    "dynamodb ebs ec2 elasticache elasticfilesystem es fsx glue imagebuilder kafka kinesis kinesisvideo lambda "
    "lightsail mq neptune opensearch rds redshift s3 sagemaker secretsmanager ses snowball sns sqs ssm timestream "
    "workspaces xray"
)

PREDEFINED = {f"alias/aws/{service}": service for service in _SERVICES.split()}
"""The service of each."""
