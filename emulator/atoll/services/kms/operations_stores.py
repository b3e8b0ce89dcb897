"""Operations on custom key stores."""

from __future__ import annotations

import re
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.ids import hex_id
from atoll.services.kms.errors import validation
from atoll.services.kms.making import moment
from atoll.services.kms.paging import Page
from atoll.services.kms.service import kms
from atoll.services.kms.stores import (
    CLOUDHSM,
    DISCONNECTED,
    EXTERNAL_STORE,
    FAILED,
    Store,
    find_store,
    put_store,
    store_not_found,
    stores,
    wrong_state,
)
from atoll.tenants import Tenant

MAX_LISTED = 100
VPC = "VPC_ENDPOINT_SERVICE"
_PROXY = {
    "XksProxyConnectivity": "Connectivity",
    "XksProxyUriEndpoint": "UriEndpoint",
    "XksProxyUriPath": "UriPath",
    "XksProxyVpcEndpointServiceName": "VpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner": "VpcEndpointServiceOwner",
}
_OF_VPC = ("VpcEndpointServiceName", "VpcEndpointServiceOwner")
_CREDENTIAL = "XksProxyAuthenticationCredential"
_CLOUDHSM_ONLY = ("CloudHsmClusterId", "TrustAnchorCertificate", "KeyStorePassword")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\s*", re.DOTALL)


@kms.operation("CreateCustomKeyStore")
def create_custom_key_store(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html"""
    kind = call.get("CustomKeyStoreType") or CLOUDHSM
    name = call["CustomKeyStoreName"]
    needed = _CLOUDHSM_ONLY if kind == CLOUDHSM else ("XksProxyUriEndpoint", "XksProxyUriPath", _CREDENTIAL)
    others = (*_PROXY, _CREDENTIAL) if kind == CLOUDHSM else _CLOUDHSM_ONLY
    for parameter in needed:
        if call.get(parameter) is None:
            raise validation(f"You must specify {parameter} for a custom key store of type {kind}.")
    for parameter in others:
        if call.get(parameter) is not None:
            raise validation(f"{parameter} is not valid for a custom key store of type {kind}.")
    if stores(tenant, "name = ?", (name,)):
        raise name_in_use(name)
    settings = _hsm_settings(call) if kind == CLOUDHSM else _proxy_settings(call, {})
    _check_alone(tenant, "", settings)
    store = Store(f"cks-{hex_id(17)}", name, kind, tenant.now(), DISCONNECTED, None, settings)
    put_store(tenant, store)
    return {"CustomKeyStoreId": store.id}


def name_in_use(name: str) -> AwsError:
    return AwsError("CustomKeyStoreNameInUseException", f"The custom key store name {name} is already in use.")


def _hsm_settings(call: Call) -> dict[str, Any]:
    certificate = call["TrustAnchorCertificate"]
    if not _CERTIFICATE.fullmatch(certificate):
        raise AwsError("IncorrectTrustAnchorException", "The trust anchor certificate is not valid.")
    return {"CloudHsmClusterId": call["CloudHsmClusterId"], "TrustAnchorCertificate": certificate}


def _proxy_settings(call: Call, old: dict[str, Any]) -> dict[str, Any]:
    proxy = {**old}
    changed = old and (call.get("XksProxyConnectivity") or old["Connectivity"]) != old["Connectivity"]
    if changed and (call.get("XksProxyUriEndpoint") or old["UriEndpoint"]) == old["UriEndpoint"]:
        raise validation("You must change XksProxyUriEndpoint when you change XksProxyConnectivity.")
    if changed:
        for member in _OF_VPC:
            proxy.pop(member, None)
    for parameter, member in _PROXY.items():
        if (value := call.get(parameter)) is not None:
            proxy[member] = value
    if (credential := call.get(_CREDENTIAL)) is not None:
        proxy["AccessKeyId"] = credential["AccessKeyId"]
    if proxy.get("Connectivity") == VPC:
        if "VpcEndpointServiceName" not in proxy:
            raise validation(f"You must specify XksProxyVpcEndpointServiceName for the connectivity {VPC}.")
    elif "Connectivity" not in proxy:
        raise validation(f"You must specify XksProxyConnectivity for a custom key store of type {EXTERNAL_STORE}.")
    elif "VpcEndpointServiceName" in proxy:
        raise validation("XksProxyVpcEndpointServiceName is not valid for the connectivity PUBLIC_ENDPOINT.")
    return {"XksProxyConfiguration": proxy}


def _check_alone(tenant: Tenant, store_id: str, settings: dict[str, Any]) -> None:
    """No two stores have the same cluster, or the same proxy."""
    for other in stores(tenant, "id <> ?", (store_id,)):
        cluster = settings.get("CloudHsmClusterId")
        if cluster is not None and other.settings.get("CloudHsmClusterId") == cluster:
            raise AwsError("CloudHsmClusterInUseException", f"The cluster {cluster} is already in use.")
        mine, its = settings.get("XksProxyConfiguration", {}), other.settings.get("XksProxyConfiguration", {})
        if not mine or not its:
            continue
        if (mine["UriEndpoint"], mine["UriPath"]) == (its["UriEndpoint"], its["UriPath"]):
            raise AwsError("XksProxyUriInUseException", "The XksProxyUri is already in use.")
        if mine["UriEndpoint"] == its["UriEndpoint"] and VPC in (mine["Connectivity"], its["Connectivity"]):
            raise AwsError("XksProxyUriEndpointInUseException", "The XksProxyUriEndpoint is already in use.")
        vpc = mine.get("VpcEndpointServiceName")
        if vpc is not None and vpc == its.get("VpcEndpointServiceName"):
            raise AwsError("XksProxyVpcEndpointServiceInUseException", f"The VPC endpoint service {vpc} is in use.")


@kms.operation("DescribeCustomKeyStores", readonly=True)
def describe_custom_key_stores(call: Call, tenant: Tenant) -> Params:
    store_id, name = call.get("CustomKeyStoreId"), call.get("CustomKeyStoreName")
    if store_id is not None and name is not None:
        raise validation("You can specify either CustomKeyStoreId or CustomKeyStoreName, but not both.")
    page = Page(call, MAX_LISTED)
    if store_id is not None:
        found = [find_store(tenant, store_id)]
    elif name is not None:
        found = stores(tenant, "name = ?", (name,))
        if not found:
            raise store_not_found(name)
    else:
        found = stores(tenant, "id > ? ORDER BY id LIMIT ?", (page.after, page.limit + 1))
    return page.show("CustomKeyStores", found, key=lambda store: store.id, show=_show)


def _show(store: Store) -> Params:
    return {
        "CustomKeyStoreId": store.id,
        "CustomKeyStoreName": store.name,
        "CustomKeyStoreType": store.kind,
        "ConnectionState": store.state,
        "ConnectionErrorCode": store.problem,
        "CreationDate": moment(store.created),
        **store.settings,
    }


@kms.operation("UpdateCustomKeyStore")
def update_custom_key_store(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateCustomKeyStore.html"""
    store = find_store(tenant, call["CustomKeyStoreId"])
    others = (*_PROXY, _CREDENTIAL) if store.kind == CLOUDHSM else ("CloudHsmClusterId", "KeyStorePassword")
    for parameter in others:
        if call.get(parameter) is not None:
            raise validation(f"{parameter} is not valid for a custom key store of type {store.kind}.")
    _check_disconnected(store)
    name = call.get("NewCustomKeyStoreName") or store.name
    if name != store.name and stores(tenant, "name = ?", (name,)):
        raise name_in_use(name)
    if store.kind == CLOUDHSM:
        cluster = call.get("CloudHsmClusterId")
        settings = {**store.settings, **({"CloudHsmClusterId": cluster} if cluster else {})}
    else:
        settings = _proxy_settings(call, store.settings["XksProxyConfiguration"])
    _check_alone(tenant, store.id, settings)
    put_store(tenant, store._replace(name=name, settings=settings))
    return {}


@kms.operation("DeleteCustomKeyStore")
def delete_custom_key_store(call: Call, tenant: Tenant) -> Params:
    store = find_store(tenant, call["CustomKeyStoreId"])
    _check_disconnected(store)
    if tenant.row("SELECT 1 FROM key WHERE store = ? LIMIT 1", (store.id,)):
        raise AwsError("CustomKeyStoreHasCMKsException", f"Custom key store {store.id} contains KMS keys.")
    tenant.execute("DELETE FROM store WHERE id = ?", (store.id,))
    tenant.unrecord("kms", "custom-key-store", store.id)
    return {}


@kms.operation("ConnectCustomKeyStore")
def connect_custom_key_store(call: Call, tenant: Tenant) -> Params:
    """A cluster is not there, which AWS says at once; a proxy is not reached, which the store's state says afterwards.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ConnectCustomKeyStore.html
    """
    store = find_store(tenant, call["CustomKeyStoreId"])
    if store.state == FAILED:
        raise wrong_state(f"Custom key store {store.id} must be disconnected before it can be connected.")
    if store.kind == CLOUDHSM:
        cluster = store.settings["CloudHsmClusterId"]
        raise AwsError("CloudHsmClusterNotActiveException", f"The cluster {cluster} is not active.")
    put_store(tenant, store._replace(state=FAILED, problem="XKS_PROXY_NOT_REACHABLE"))
    return {}


@kms.operation("DisconnectCustomKeyStore")
def disconnect_custom_key_store(call: Call, tenant: Tenant) -> Params:
    store = find_store(tenant, call["CustomKeyStoreId"])
    if store.state == DISCONNECTED:
        raise wrong_state(f"Custom key store {store.id} is already disconnected.")
    put_store(tenant, store._replace(state=DISCONNECTED, problem=None))
    return {}


def _check_disconnected(store: Store) -> None:
    """Raises CustomKeyStoreInvalidStateException."""
    if store.state != DISCONNECTED:
        raise wrong_state(f"Custom key store {store.id} must be disconnected.")
