import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.cloud_instance import Instance, parse_instance_data, provider_of, provider_of_firmware
from vigo.core.errors import InvalidError

EC2: dict[str, Any] = {
    "base64_encoded_keys": [],
    "ds": {
        "dynamic": {"instance-identity": {"document": {"imageId": "ami-1", "instanceType": "t3.micro"}}},
        "meta-data": {"ami-id": "ami-2", "instance-type": "t3.nano", "tags": {"secret": "hunter2"}},
    },
    "sensitive_keys": ["user_data"],
    "userdata": "redacted for non-root user",
    "v1": {
        "availability_zone": "eu-central-1b",
        "cloud_id": "aws",
        "cloud_name": "aws",
        "instance_id": "i-0123",
        "platform": "ec2",
        "region": "eu-central-1",
    },
}
AZURE: dict[str, Any] = {
    "ds": {
        "meta_data": {
            "imds": {
                "compute": {
                    "storageProfile": {
                        "imageReference": {"offer": "debian-12", "publisher": "debian", "sku": "12", "version": "1"}
                    },
                    "vmSize": "Standard_B2s",
                }
            }
        }
    },
    "v1": {"cloud_name": "azure", "instance_id": "abc", "region": "westeurope", "availability_zone": None},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["v1", "ds", "meta_data", "region"]), inner),
    max_leaves=20,
)


def test_an_instance_of_ec2_is_told() -> None:
    assert parse_instance_data(json.dumps(EC2)) == Instance(
        provider="ec2",
        instance_id="i-0123",
        instance_type="t3.micro",
        region="eu-central-1",
        zone="eu-central-1b",
        image="ami-1",
    )


def test_an_instance_of_azure_has_its_image_in_parts() -> None:
    assert parse_instance_data(json.dumps(AZURE)) == Instance(
        provider="azure",
        instance_id="abc",
        instance_type="Standard_B2s",
        region="westeurope",
        image="debian:debian-12:12:1",
    )


def test_an_instance_of_openstack_has_its_size_where_ec2_would() -> None:
    data = {
        "ds": {"ec2-metadata": {"instance-type": "m1.small", "ami-id": "ami-0"}},
        "v1": {"cloud-name": "openstack", "cloud_name": "openstack", "instance_id": "u-1", "region": None},
    }
    found = parse_instance_data(json.dumps(data))
    assert (found.provider, found.instance_type, found.region) == ("openstack", "m1.small", "")


def test_what_was_redacted_or_is_unknown_is_not_told() -> None:
    data = {"v1": {"cloud_name": "unknown", "region": "redacted for non-root user", "instance_id": "none"}}
    assert parse_instance_data(json.dumps(data)) == Instance()


@pytest.mark.parametrize(
    ("name", "provider"),
    [("aws-china", "ec2"), ("azure", "azure"), ("hetzner", "hetzner"), ("nocloud", ""), ("none", ""), ("lxd", "")],
)
def test_a_source_of_data_that_is_no_cloud_is_none(name: str, provider: str) -> None:
    assert provider_of(name) == provider


@pytest.mark.parametrize(
    ("firmware", "provider"),
    [
        (("Amazon EC2", "m7g.large", "Amazon EC2"), "ec2"),
        (("Google", "Google Compute Engine", ""), "gce"),
        (("Google", "Eve", ""), ""),
        (("Microsoft Corporation", "Virtual Machine", "7783-7084-3265-9085-8269-3286-77"), "azure"),
        (("Microsoft Corporation", "Virtual Machine", ""), ""),
        (("OpenStack Foundation", "OpenStack Nova", ""), "openstack"),
        (("QEMU", "Standard PC (i440FX + PIIX, 1996)", "OracleCloud.com"), "oracle"),
        (("Dell Inc.", "PowerEdge R640", ""), ""),
    ],
)
def test_firmware_tells_the_cloud(firmware: tuple[str, str, str], provider: str) -> None:
    assert provider_of_firmware(*firmware) == provider


@pytest.mark.parametrize("text", ["", "[]", "{", '{"v1": {}} x', "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="expected"):
        parse_instance_data(text)


@given(VALUES)
def test_any_document_is_read_and_stays_bounded(value: object) -> None:
    found = parse_instance_data(json.dumps({"v1": value, "ds": value}))
    assert all(len(getattr(found, name)) <= 1000 for name in found.__struct_fields__)
