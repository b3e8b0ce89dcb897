"""SNS's access table: the ARN that a call names says whose topic, subscription, application or endpoint is meant.

A subscription's ARN begins with its topic's, so a call on it is the topic's tenant's. On AWS a topic policy lets other
accounts in, and nothing crosses regions but deliveries.

https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
"""

from __future__ import annotations

from atoll.core.access import Access, ByAccount, ByArn, Crossing, First, Here

TOPIC = ByArn("TopicArn")
SUBSCRIPTION = ByArn("SubscriptionArn")
RESOURCE = ByArn("ResourceArn")
APPLICATION = ByArn("PlatformApplicationArn")
ENDPOINT = ByArn("EndpointArn")
HERE = Access(Here())
SHARED = Access(TOPIC, aws=Crossing.ACCOUNT)
SUBSCRIBERS = Access(SUBSCRIPTION, aws=Crossing.ACCOUNT)

ACCESS = {
    "AddPermission": SHARED,
    "CheckIfPhoneNumberIsOptedOut": HERE,
    "ConfirmSubscription": SHARED,
    "CreatePlatformApplication": HERE,
    "CreatePlatformEndpoint": Access(APPLICATION),
    "CreateSMSSandboxPhoneNumber": HERE,
    "CreateTopic": HERE,
    "DeleteEndpoint": Access(ENDPOINT),
    "DeletePlatformApplication": Access(APPLICATION),
    "DeleteSMSSandboxPhoneNumber": HERE,
    "DeleteTopic": SHARED,
    "GetDataProtectionPolicy": Access(RESOURCE, aws=Crossing.ACCOUNT),
    "GetEndpointAttributes": Access(ENDPOINT),
    "GetPlatformApplicationAttributes": Access(APPLICATION),
    "GetSMSAttributes": HERE,
    "GetSMSSandboxAccountStatus": HERE,
    "GetSubscriptionAttributes": SUBSCRIBERS,
    "GetTopicAttributes": SHARED,
    "ListEndpointsByPlatformApplication": Access(APPLICATION),
    "ListOriginationNumbers": HERE,
    "ListPhoneNumbersOptedOut": HERE,
    "ListPlatformApplications": HERE,
    "ListSMSSandboxPhoneNumbers": HERE,
    "ListSubscriptions": HERE,
    "ListSubscriptionsByTopic": SHARED,
    "ListTagsForResource": Access(RESOURCE, aws=Crossing.ACCOUNT),
    "ListTopics": HERE,
    "OptInPhoneNumber": HERE,
    "Publish": Access(First(ByArn("TopicArn"), ByArn("TargetArn")), aws=Crossing.ACCOUNT),
    "PublishBatch": SHARED,
    "PutDataProtectionPolicy": Access(RESOURCE, aws=Crossing.ACCOUNT),
    "RemovePermission": SHARED,
    "SetEndpointAttributes": Access(ENDPOINT),
    "SetPlatformApplicationAttributes": Access(APPLICATION),
    "SetSMSAttributes": HERE,
    "SetSubscriptionAttributes": SUBSCRIBERS,
    "SetTopicAttributes": SHARED,
    "Subscribe": SHARED,
    "TagResource": Access(RESOURCE),
    "Unsubscribe": SUBSCRIBERS,
    "UntagResource": Access(RESOURCE),
    "VerifySMSSandboxPhoneNumber": HERE,
    # What a topic's tenant tells the tenant of a subscription's owner.
    "KeepSubscription": Access(ByAccount("Owner", region="OwnerRegion"), aws=Crossing.BOTH),
    "ForgetSubscription": Access(ByAccount("Owner", region="OwnerRegion"), aws=Crossing.BOTH),
    # What a topic sends to a platform endpoint of another tenant.
    "DeliverToEndpoint": Access(ENDPOINT, aws=Crossing.BOTH),
    # Of LocalStack's developer endpoints.
    "PeekKept": Access(Here()),
    "DropKept": Access(Here()),
    "OptOutPhoneNumber": Access(Here()),
    "PeekSubscriptionToken": Access(SUBSCRIPTION, aws=Crossing.BOTH),
}
