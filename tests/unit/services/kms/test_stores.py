"""Custom key stores: made, described, changed, and never connected."""

from __future__ import annotations

from typing import Any

import pytest

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"
HSM = {
    "CustomKeyStoreName": "hsm",
    "CloudHsmClusterId": "cluster-1a23b4cdefg",
    "TrustAnchorCertificate": CERTIFICATE,
    "KeyStorePassword": "password",
}
PROXY: dict[str, Any] = {
    "CustomKeyStoreName": "proxy",
    "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "XksProxyUriEndpoint": "https://proxy.example.com",
    "XksProxyUriPath": "/kms/xks/v1",
    "XksProxyConnectivity": "PUBLIC_ENDPOINT",
    "XksProxyAuthenticationCredential": {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "s" * 43},
}


def test_described_without_what_is_secret(kms: Any) -> None:
    ids = [kms.call("CreateCustomKeyStore", **each)["CustomKeyStoreId"] for each in (HSM, PROXY)]
    [hsm] = kms.call("DescribeCustomKeyStores", CustomKeyStoreId=ids[0])["CustomKeyStores"]
    assert hsm == {
        "CustomKeyStoreId": ids[0],
        "CustomKeyStoreName": "hsm",
        "CustomKeyStoreType": "AWS_CLOUDHSM",
        "CloudHsmClusterId": "cluster-1a23b4cdefg",
        "TrustAnchorCertificate": CERTIFICATE,
        "ConnectionState": "DISCONNECTED",
        "ConnectionErrorCode": None,
        "CreationDate": kms.now(),
    }
    [proxy] = kms.call("DescribeCustomKeyStores", CustomKeyStoreName="proxy")["CustomKeyStores"]
    assert proxy["XksProxyConfiguration"] == {
        "Connectivity": "PUBLIC_ENDPOINT",
        "AccessKeyId": "A" * 20,
        "UriEndpoint": "https://proxy.example.com",
        "UriPath": "/kms/xks/v1",
    }
    page = kms.call("DescribeCustomKeyStores", Limit=1)
    rest = kms.call("DescribeCustomKeyStores", Marker=page["NextMarker"])
    assert {each["CustomKeyStoreId"] for each in page["CustomKeyStores"] + rest["CustomKeyStores"]} == set(ids)
    [(settings,)] = kms.tenant().rows("SELECT settings FROM store WHERE name = 'proxy'")
    assert "s" * 43 not in settings
    for wrong in ({"CustomKeyStoreId": "cks-none"}, {"CustomKeyStoreName": "none"}):
        assert kms.fails("DescribeCustomKeyStores", **wrong)[0] == "CustomKeyStoreNotFoundException"


def test_no_store_is_connected_and_none_takes_a_key(kms: Any) -> None:
    hsm, proxy = (kms.call("CreateCustomKeyStore", **each)["CustomKeyStoreId"] for each in (HSM, PROXY))
    refused = kms.fails("ConnectCustomKeyStore", CustomKeyStoreId=hsm)
    assert refused[0] == "CloudHsmClusterNotActiveException"
    assert kms.call("ConnectCustomKeyStore", CustomKeyStoreId=proxy) == {}
    [shown] = kms.call("DescribeCustomKeyStores", CustomKeyStoreId=proxy)["CustomKeyStores"]
    assert (shown["ConnectionState"], shown["ConnectionErrorCode"]) == ("FAILED", "XKS_PROXY_NOT_REACHABLE")
    assert kms.fails("ConnectCustomKeyStore", CustomKeyStoreId=proxy)[0] == "CustomKeyStoreInvalidStateException"
    for params, code in [
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": hsm}, "CustomKeyStoreInvalidStateException"),
        (
            {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": proxy, "XksKeyId": "k"},
            "CustomKeyStoreInvalidStateException",
        ),
        ({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": proxy}, "ValidationException"),
        ({"Origin": "AWS_CLOUDHSM"}, "ValidationException"),
        ({"CustomKeyStoreId": hsm}, "ValidationException"),
        ({"XksKeyId": "k"}, "ValidationException"),
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": proxy}, "ValidationException"),
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-none"}, "CustomKeyStoreNotFoundException"),
        (
            {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": hsm, "MultiRegion": True},
            "UnsupportedOperationException",
        ),
    ]:
        assert kms.fails("CreateKey", **params)[0] == code, params
    for operation, more in (
        ("UpdateCustomKeyStore", {"XksProxyUriPath": "/x/kms/xks/v1"}),
        ("DeleteCustomKeyStore", {}),
    ):
        refused = kms.fails(operation, CustomKeyStoreId=proxy, **more)
        assert refused == ("CustomKeyStoreInvalidStateException", f"Custom key store {proxy} must be disconnected.")
    random = {"NumberOfBytes": 5}
    assert kms.fails("GenerateRandom", CustomKeyStoreId=hsm, **random)[0] == "CustomKeyStoreInvalidStateException"
    assert kms.fails("GenerateRandom", CustomKeyStoreId=proxy, **random)[0] == "UnsupportedOperationException"
    kms.call("DisconnectCustomKeyStore", CustomKeyStoreId=proxy)
    [shown] = kms.call("DescribeCustomKeyStores", CustomKeyStoreId=proxy)["CustomKeyStores"]
    assert (shown["ConnectionState"], shown["ConnectionErrorCode"]) == ("DISCONNECTED", None)
    for store in (hsm, proxy):
        refused = kms.fails("DisconnectCustomKeyStore", CustomKeyStoreId=store)
        assert refused[0] == "CustomKeyStoreInvalidStateException"


def test_changed_and_deleted(kms: Any) -> None:
    hsm, proxy = (kms.call("CreateCustomKeyStore", **each)["CustomKeyStoreId"] for each in (HSM, PROXY))
    new = {"NewCustomKeyStoreName": "new", "XksProxyUriPath": "/x/kms/xks/v1"}
    kms.call("UpdateCustomKeyStore", CustomKeyStoreId=proxy, **new)
    [shown] = kms.call("DescribeCustomKeyStores", CustomKeyStoreName="new")["CustomKeyStores"]
    assert shown["XksProxyConfiguration"]["UriPath"] == "/x/kms/xks/v1"
    for params, code in [
        ({"NewCustomKeyStoreName": "hsm"}, "CustomKeyStoreNameInUseException"),
        ({"CloudHsmClusterId": "cluster-1a23b4cdefg"}, "ValidationException"),
        ({"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"}, "ValidationException"),
    ]:
        assert kms.fails("UpdateCustomKeyStore", CustomKeyStoreId=proxy, **params)[0] == code
    kms.call("UpdateCustomKeyStore", CustomKeyStoreId=hsm, CloudHsmClusterId="cluster-2a23b4cdefg")
    kms.call("DeleteCustomKeyStore", CustomKeyStoreId=hsm)
    assert kms.fails("DeleteCustomKeyStore", CustomKeyStoreId=hsm)[0] == "CustomKeyStoreNotFoundException"
    assert kms.tenant().rows("SELECT id FROM catalogue WHERE NOT gone") == [(proxy,)]


def test_proxies_by_a_vpc(kms: Any) -> None:
    kms.call("CreateCustomKeyStore", **PROXY)
    vpc = {
        **PROXY,
        "CustomKeyStoreName": "vpc",
        "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
        "XksProxyUriPath": "/vpc/kms/xks/v1",
        "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.eu-central-1.vpce-svc-1",
    }
    assert kms.fails("CreateCustomKeyStore", **vpc)[0] == "XksProxyUriEndpointInUseException"
    private = {"XksProxyUriEndpoint": "https://private.example.com"}
    store = kms.call("CreateCustomKeyStore", **{**vpc, **private})["CustomKeyStoreId"]
    other = {**PROXY, **private, "CustomKeyStoreName": "other", "XksProxyUriPath": "/z/kms/xks/v1"}
    assert kms.fails("CreateCustomKeyStore", **other)[0] == "XksProxyUriEndpointInUseException"
    again = {**vpc, "CustomKeyStoreName": "again", "XksProxyUriEndpoint": "https://again.example.com"}
    assert kms.fails("CreateCustomKeyStore", **again)[0] == "XksProxyVpcEndpointServiceInUseException"
    public = {"CustomKeyStoreId": store, "XksProxyConnectivity": "PUBLIC_ENDPOINT"}
    assert kms.fails("UpdateCustomKeyStore", **public)[0] == "ValidationException"
    kms.call("UpdateCustomKeyStore", **public, XksProxyUriEndpoint="https://public.example.com")
    [shown] = kms.call("DescribeCustomKeyStores", CustomKeyStoreId=store)["CustomKeyStores"]
    assert shown["XksProxyConfiguration"] == {
        "Connectivity": "PUBLIC_ENDPOINT",
        "AccessKeyId": "A" * 20,
        "UriEndpoint": "https://public.example.com",
        "UriPath": "/vpc/kms/xks/v1",
    }


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({**HSM, "KeyStorePassword": None}, "ValidationException"),
        ({**HSM, "XksProxyUriPath": "/kms/xks/v1"}, "ValidationException"),
        ({**HSM, "CustomKeyStoreName": "x", "TrustAnchorCertificate": "x"}, "IncorrectTrustAnchorException"),
        ({**HSM, "CloudHsmClusterId": "cluster-9a23b4cdefg"}, "CustomKeyStoreNameInUseException"),
        ({**HSM, "CustomKeyStoreName": "other"}, "CloudHsmClusterInUseException"),
        ({**PROXY, "XksProxyUriEndpoint": None}, "ValidationException"),
        ({**PROXY, "KeyStorePassword": "password"}, "ValidationException"),
        ({**PROXY, "CustomKeyStoreName": "other"}, "XksProxyUriInUseException"),
        (
            {**PROXY, "CustomKeyStoreName": "other", "XksProxyUriPath": "/y/kms/xks/v1", "XksProxyConnectivity": None},
            "ValidationException",
        ),
    ],
)
def test_what_is_no_store(kms: Any, params: dict[str, Any], code: str) -> None:
    for each in (HSM, PROXY):
        kms.call("CreateCustomKeyStore", **each)
    given = {name: value for name, value in params.items() if value is not None}
    assert kms.fails("CreateCustomKeyStore", **given)[0] == code
