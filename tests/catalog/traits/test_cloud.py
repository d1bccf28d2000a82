import json

import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.cloud import CloudTraits, collect_cloud
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

DATA = "/run/cloud-init/instance-data.json"
NONE = CloudTraits(present=False, provider="", instance_id="", instance_type="", region="", zone="", image="")


def collected(host: FakeHost) -> CloudTraits:
    found = collect_cloud.collect(host)
    assert isinstance(found, CloudTraits)
    return found


def told(v1: dict[str, str], ds: dict[str, object]) -> str:
    return json.dumps({"base64_encoded_keys": [], "userdata": "a password", "v1": v1, "ds": ds})


def firmware(vendor: str, product: str = "", **more: str) -> Files:
    named = {"sys_vendor": vendor, "product_name": product, **more}
    return {f"/sys/class/dmi/id/{name}": f"{text}\n" for name, text in named.items()}


def test_ubuntu_on_ec2_is_told_by_cloud_init() -> None:
    v1 = {
        "cloud_name": "aws",
        "instance_id": "i-0123456789abcdef0",
        "region": "eu-central-1",
        "availability_zone": "eu-central-1b",
    }
    document = {"instanceType": "m7g.large", "imageId": "ami-0123456789abcdef0"}
    text = told(v1, {"dynamic": {"instance-identity": {"document": document}}})
    assert collected(debian({DATA: text})) == CloudTraits(
        present=True,
        provider="ec2",
        instance_id="i-0123456789abcdef0",
        instance_type="m7g.large",
        region="eu-central-1",
        zone="eu-central-1b",
        image="ami-0123456789abcdef0",
    )


def test_red_hat_on_azure_has_an_image_of_four_parts() -> None:
    reference = {"publisher": "RedHat", "offer": "RHEL", "sku": "9-lvm", "version": "9.3.1"}
    compute = {"vmSize": "Standard_D2s_v5", "storageProfile": {"imageReference": reference}}
    v1 = {"cloud_name": "azure", "instance_id": "1b2c", "region": "westeurope"}
    found = collected(redhat({DATA: told(v1, {"meta_data": {"imds": {"compute": compute}}})}))
    assert (found.provider, found.instance_type, found.image) == (
        "azure",
        "Standard_D2s_v5",
        "RedHat:RHEL:9-lvm:9.3.1",
    )


@pytest.mark.parametrize(
    ("files", "provider", "instance_id"),
    [
        ({**firmware("Google", "Google Compute Engine"), "/etc/google_instance_id": "123456\n"}, "gce", "123456"),
        (firmware("Amazon EC2", "t3.micro", board_asset_tag="i-0abc"), "ec2", "i-0abc"),
        (firmware("OpenStack Foundation", "OpenStack Nova"), "openstack", ""),
        (firmware("Hetzner", "vServer", product_serial="4711"), "hetzner", "4711"),
        (
            firmware("Microsoft Corporation", "Virtual Machine", chassis_asset_tag="7783-7084-3265-9085-8269-3286-77"),
            "azure",
            "",
        ),
    ],
)
def test_without_cloud_init_firmware_tells_the_provider(files: Files, provider: str, instance_id: str) -> None:
    found = collected(alpine(files))
    assert (found.present, found.provider, found.instance_id) == (True, provider, instance_id)


def test_a_seed_on_a_disk_is_no_cloud() -> None:
    v1 = {"cloud_name": "nocloud", "instance_id": "mine"}
    assert collected(debian({DATA: told(v1, {}), **firmware("QEMU", "Standard PC")})) == NONE


def test_what_users_gave_to_the_instance_is_not_told() -> None:
    assert "a password" not in repr(collected(debian({DATA: told({"cloud_name": "aws"}, {})})))


@pytest.mark.parametrize("host", [FakeHost(), debian(), redhat(), alpine(), image(firmware("Amazon EC2"))])
def test_a_machine_of_its_own_and_an_image_are_in_no_cloud(host: FakeHost) -> None:
    assert collected(host) == NONE


@pytest.mark.parametrize(
    ("files", "reason"), [({DATA: "{"}, "cloud-init query --all"), (unreadable(DATA), "permission denied")]
)
def test_what_cannot_be_read_is_told(files: Files, reason: str) -> None:
    with pytest.raises(UnavailableError, match=reason):
        collect_cloud.collect(debian(files))
