"""The trait set `cloud`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.cloud_instance import Instance, parse_instance_data, provider_of, provider_of_firmware
from vigo.core.errors import InvalidError, UnavailableError

_INSTANCE_DATA = "/run/cloud-init/instance-data.json"
_CLOUD_ID = "/run/cloud-init/cloud-id"
_GOOGLE_ID = "/etc/google_instance_id"
_FIRMWARE = "/sys/class/dmi/id"
_HYPERVISOR_ID = "/sys/hypervisor/uuid"
_LONGEST = 200


class CloudTraits(TraitSet, frozen=True, kw_only=True):
    """The cloud that the host is an instance of, by files alone: no metadata service is asked.

    Where cloud-init did not run only the provider is known, and the id where firmware or an agent of the cloud left it.
    """

    present: Annotated[bool, field("Whether the host is an instance of a known cloud; false in an image.")]
    provider: Annotated[
        str,
        field(
            "ec2, gce, azure, openstack, digitalocean, hetzner, oracle, vultr, linode, ... by cloud-init's or the"
            " firmware's name; empty without a cloud.",
            example="ec2",
        ),
    ]
    instance_id: Annotated[str, field("Id of the instance; empty where nobody left it.", example="i-0123456789abcdef0")]
    instance_type: Annotated[str, field("Size of the instance as the cloud calls it.", example="m7g.large")]
    region: Annotated[str, field("Region.", example="eu-central-1")]
    zone: Annotated[str, field("Zone in the region.", example="eu-central-1b")]
    image: Annotated[
        str,
        field(
            "Image that it was made from; for Azure publisher, offer, sku and version with colons between.",
            example="ami-0123456789abcdef0",
        ),
    ]


@collector("cloud", every=timedelta(hours=24), timeout=timedelta(seconds=5))
def collect_cloud(host: ReadHost) -> CloudTraits:
    """Report the instance. Source: cloud-init's "Instance data", and the names that clouds give their firmware.

    Raises:
        UnavailableError: a file cannot be read, or cloud-init's is damaged.
    """
    found = Instance() if host.is_image() else _found(host)
    return CloudTraits(
        present=bool(found.provider),
        provider=found.provider,
        instance_id=found.instance_id,
        instance_type=found.instance_type,
        region=found.region,
        zone=found.zone,
        image=found.image,
    )


def _found(host: ReadHost) -> Instance:
    text = host.read_text(_INSTANCE_DATA)
    try:
        told = Instance() if text is None else parse_instance_data(text)
    except InvalidError as error:
        raise UnavailableError(f"{_INSTANCE_DATA}: {error}; run `cloud-init query --all` to see it") from error
    firmware = _firmware_provider(host)
    provider = told.provider or provider_of(host.read_text(_CLOUD_ID) or "") or firmware
    if not provider:
        return Instance()  # what a seed on a disk or network calls the instance is no cloud's
    return msgspec.structs.replace(told, provider=provider, instance_id=told.instance_id or _own_id(host, provider))


def _firmware_provider(host: ReadHost) -> str:
    vendor, product, tag = (_firmware(host, name) for name in ("sys_vendor", "product_name", "chassis_asset_tag"))
    found = provider_of_firmware(vendor, product, tag)
    if found:
        return found
    # The old machines of EC2 run on Xen and have no firmware that names it.
    is_old_ec2 = "amazon" in _firmware(host, "bios_version").lower()
    return "ec2" if is_old_ec2 and _first_line(host, _HYPERVISOR_ID).lower().startswith("ec2") else ""


def _own_id(host: ReadHost, provider: str) -> str:
    if provider == "ec2":
        tag = _firmware(host, "board_asset_tag")
        return tag if tag.startswith("i-") else ""
    if provider == "gce":
        return _first_line(host, _GOOGLE_ID)
    return _firmware(host, "product_serial") if provider in ("digitalocean", "hetzner", "vultr") else ""


def _firmware(host: ReadHost, name: str) -> str:
    return _first_line(host, f"{_FIRMWARE}/{name}")


def _first_line(host: ReadHost, path: str) -> str:
    return (host.read_text(path) or "").strip().partition("\n")[0][:_LONGEST]
