"""What cloud-init leaves behind of an instance, and what firmware tells of its cloud. Pure: texts in, values out.

Source: cloud-init's documentation, "Instance data"; the clouds' own pages on how an instance knows where it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import InvalidError

_LONGEST = 200
_REDACTED = "redacted for non-root user"
_UNKNOWN = frozenset({"", "none", "unknown", "_unset", _REDACTED})
_NAMES = {
    "aws": "ec2",
    "amazon": "ec2",
    "ec2": "ec2",
    "gce": "gce",
    "google": "gce",
    "azure": "azure",
    "openstack": "openstack",
}
_TYPES = (
    "dynamic.instance_identity.document.instanceType",
    "meta_data.instance_type",
    "meta_data.imds.compute.vmSize",
    "ec2_metadata.instance_type",
    "meta_data.shape",
)
_IMAGES = (
    "dynamic.instance_identity.document.imageId",
    "meta_data.ami_id",
    "meta_data.image_id",
    "meta_data.image",
    "ec2_metadata.ami_id",
)
_AZURE_IMAGE = "meta_data.imds.compute.storageProfile.imageReference"
_AZURE_PARTS = ("publisher", "offer", "sku", "version")
_BY_VENDOR = {
    "amazon ec2": "ec2",
    "digitalocean": "digitalocean",
    "hetzner": "hetzner",
    "vultr": "vultr",
    "linode": "linode",
    "akamai": "linode",
    "scaleway": "scaleway",
    "exoscale": "exoscale",
    "upcloud": "upcloud",
    "alibaba cloud": "aliyun",
    "tencent cloud": "tencent",
    "openstack foundation": "openstack",
}
_BY_PRODUCT = {"google compute engine": "gce", "openstack nova": "openstack", "openstack compute": "openstack"}
_BY_TAG = {
    "7783-7084-3265-9085-8269-3286-77": "azure",
    "oraclecloud.com": "oracle",
    "opentelekomcloud": "openstack",
    "sap ccloud vm": "openstack",
}
_NO_CLOUDS = frozenset({"nocloud", "none", "configdrive", "lxd", "vmware", "ovf", "maas"})


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an instance; empty is not told."""

    provider: str = ""
    instance_id: str = ""
    instance_type: str = ""
    region: str = ""
    zone: str = ""
    image: str = ""


def parse_instance_data(text: str) -> Instance:
    """Return what the instance-data.json of cloud-init tells of the instance; nothing of user data is looked at.

    Raises:
        InvalidError: it is no JSON object.
    """
    try:
        data = msgspec.json.decode(text.encode(errors="replace"), type=dict[str, Any])
    except NOT_DECODED as error:
        raise InvalidError(f"expected cloud-init's JSON object, found none: {error}") from error
    name = _text(data, ("v1.cloud_name", "v1.cloud_id", "v1.platform")).lower()
    parts = [_text(data, (f"ds.{_AZURE_IMAGE}.{part}",)) for part in _AZURE_PARTS]
    return Instance(
        provider=provider_of(name),
        instance_id=_text(data, ("v1.instance_id",)),
        instance_type=_text(data, (f"ds.{path}" for path in _TYPES)),
        region=_text(data, ("v1.region",)),
        zone=_text(data, ("v1.availability_zone",)),
        image=_text(data, (f"ds.{path}" for path in _IMAGES)) or ":".join(filter(None, parts)),
    )


def provider_of(name: str) -> str:
    """Return the cloud that cloud-init means by a name; empty for a source of data that is no cloud."""
    plain = name.strip().lower()
    if plain in _UNKNOWN or plain in _NO_CLOUDS:
        return ""
    # Its ids of regions that are a world of their own are such as `aws-china` and `azure-china`.
    return _NAMES.get(plain.partition("-")[0], plain)[:_LONGEST]


def provider_of_firmware(vendor: str, product: str, tag: str) -> str:
    """Return the cloud by what its firmware calls itself; empty for a machine of no known cloud."""
    found = _BY_VENDOR.get(vendor.strip().lower()) or _BY_PRODUCT.get(product.strip().lower())
    return found or _BY_TAG.get(tag.strip().lower(), "")


def _text(data: Mapping[str, Any], paths: Iterable[str]) -> str:
    found = (_at(data, path.split(".")) for path in paths)
    texts = (one[:_LONGEST] for one in found if isinstance(one, str) and one.strip().lower() not in _UNKNOWN)
    return next(texts, "")


def _at(data: Any, path: list[str]) -> Any:
    """Return what stands at a path of names; cloud-init writes some of them with hyphens."""
    for name in path:
        if not isinstance(data, dict):
            return None
        data = data.get(name, data.get(name.replace("_", "-")))
    return data
