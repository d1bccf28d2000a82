"""The wire protocol's generated code and its compatibility: `python -m tools.protocol generate|baseline`.

`generate` writes `src/vigo/core/wire/*_pb2.py` and their stubs from `proto/`. `baseline` records the protocol as it is
now in `tests/gates/proto_baseline.json`, which later states are compared with; a breaking change is refused.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from tools.protocol_changes import Enum, Field, Label, Message, Method, Protocol, breaking_changes

ROOT = Path(__file__).resolve().parents[1]
PROTO = ROOT / "proto"
WIRE = ROOT / "src" / "vigo" / "core" / "wire"
BASELINE = ROOT / "tests" / "gates" / "proto_baseline.json"

LABELS: dict[int, Label] = {
    FieldDescriptorProto.LABEL_OPTIONAL: "singular",
    FieldDescriptorProto.LABEL_REPEATED: "repeated",
    FieldDescriptorProto.LABEL_REQUIRED: "required",
}


def main(arguments: list[str]) -> int:
    """Carry out one command; return its exit status."""
    if arguments == ["generate"]:
        for name, content in generated().items():
            (WIRE / name).write_bytes(content)
        return 0
    if arguments == ["baseline"]:
        return accept(protocol_of(PROTO), BASELINE)
    print("expected one word, generate or baseline", file=sys.stderr)
    return 2


def generated() -> dict[str, bytes]:
    """Return the content of each file that `proto/` yields, by its name in `src/vigo/core/wire`."""
    with tempfile.TemporaryDirectory() as folder:
        _protoc(PROTO, f"--python_out={folder}", f"--pyi_out={folder}")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).rglob("*_pb2.py*"))}


def protocol_of(proto: Path) -> Protocol:
    """Return the protocol that the files beneath a folder declare."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "descriptors"
        _protoc(proto, f"--descriptor_set_out={path}")
        files = FileDescriptorSet.FromString(path.read_bytes()).file
    messages: dict[str, Message] = {}
    enums: dict[str, Enum] = {}
    for file in files:
        enums |= _enums(file.package, file.enum_type)
        for name, message in _flat(file.package, file.message_type):
            messages[name] = _message(message)
            enums |= _enums(name, message.enum_type)
    services = dict(service for file in files for service in _services(file))
    return Protocol(
        messages=dict(sorted(messages.items())),
        enums=dict(sorted(enums.items())),
        services=dict(sorted(services.items())),
    )


def recorded(baseline: Path) -> Protocol:
    """Return the protocol that a baseline file holds; an empty one where there is no file yet."""
    return msgspec.json.decode(baseline.read_bytes(), type=Protocol) if baseline.exists() else Protocol()


def accept(now: Protocol, baseline: Path) -> int:
    """Record the protocol as the state that later ones are compared with, unless it breaks the recorded one."""
    broken = breaking_changes(recorded(baseline), now)
    for line in broken:
        print(f"proto-baseline: {line}", file=sys.stderr)
    if not broken:
        baseline.write_bytes(msgspec.json.format(msgspec.json.encode(now), indent=1) + b"\n")
    return 1 if broken else 0


def _protoc(proto: Path, *outputs: str) -> None:
    sources = [str(path) for path in sorted(proto.rglob("*.proto"))]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={proto}", *outputs, *sources], check=True)


def _flat(prefix: str, messages: Iterable[DescriptorProto]) -> Iterator[tuple[str, DescriptorProto]]:
    """Yield each message and those declared within it, with full names."""
    for message in messages:
        name = f"{prefix}.{message.name}"
        yield name, message
        yield from _flat(name, message.nested_type)


def _message(message: DescriptorProto) -> Message:
    return Message(
        fields={field.number: _field(message, field) for field in message.field},
        reserved_numbers=tuple((span.start, span.end) for span in message.reserved_range),
        reserved_names=tuple(message.reserved_name),
    )


def _field(message: DescriptorProto, field: FieldDescriptorProto) -> Field:
    scalar = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    in_oneof = field.HasField("oneof_index") and not field.proto3_optional
    return Field(
        name=field.name,
        type=field.type_name.removeprefix(".") or scalar,
        label="optional" if field.proto3_optional else LABELS[field.label],
        oneof=message.oneof_decl[field.oneof_index].name if in_oneof else "",
    )


def _enums(prefix: str, enums: Iterable[EnumDescriptorProto]) -> dict[str, Enum]:
    return {
        f"{prefix}.{enum.name}": Enum(
            values={value.number: value.name for value in enum.value},
            # Unlike a message's, an enum's reserved range includes its end.
            reserved_numbers=tuple((span.start, span.end + 1) for span in enum.reserved_range),
            reserved_names=tuple(enum.reserved_name),
        )
        for enum in enums
    }


def _services(file: FileDescriptorProto) -> Iterator[tuple[str, Mapping[str, Method]]]:
    for service in file.service:
        methods = {
            method.name: Method(
                input=method.input_type.removeprefix("."),
                output=method.output_type.removeprefix("."),
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
            )
            for method in service.method
        }
        yield f"{file.package}.{service.name}", methods


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
