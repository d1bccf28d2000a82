from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_UNCHANGED: _ClassVar[Outcome]
    OUTCOME_CHANGED: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]
    OUTCOME_SKIPPED: _ClassVar[Outcome]
    OUTCOME_BLOCKED: _ClassVar[Outcome]

class RunCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_CAUSE_UNSPECIFIED: _ClassVar[RunCause]
    RUN_CAUSE_INTERVAL: _ClassVar[RunCause]
    RUN_CAUSE_EVENT: _ClassVar[RunCause]
    RUN_CAUSE_COMMAND: _ClassVar[RunCause]

class TaskState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_STATE_UNSPECIFIED: _ClassVar[TaskState]
    TASK_STATE_SUCCEEDED: _ClassVar[TaskState]
    TASK_STATE_FAILED: _ClassVar[TaskState]
    TASK_STATE_TIMED_OUT: _ClassVar[TaskState]
    TASK_STATE_CANCELLED: _ClassVar[TaskState]
    TASK_STATE_EXPIRED: _ClassVar[TaskState]
    TASK_STATE_REFUSED: _ClassVar[TaskState]
    TASK_STATE_LOST: _ClassVar[TaskState]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_UNCHANGED: Outcome
OUTCOME_CHANGED: Outcome
OUTCOME_FAILED: Outcome
OUTCOME_SKIPPED: Outcome
OUTCOME_BLOCKED: Outcome
RUN_CAUSE_UNSPECIFIED: RunCause
RUN_CAUSE_INTERVAL: RunCause
RUN_CAUSE_EVENT: RunCause
RUN_CAUSE_COMMAND: RunCause
TASK_STATE_UNSPECIFIED: TaskState
TASK_STATE_SUCCEEDED: TaskState
TASK_STATE_FAILED: TaskState
TASK_STATE_TIMED_OUT: TaskState
TASK_STATE_CANCELLED: TaskState
TASK_STATE_EXPIRED: TaskState
TASK_STATE_REFUSED: TaskState
TASK_STATE_LOST: TaskState

class SignedRequest(_message.Message):
    __slots__ = ("protocol", "server", "session", "envoy", "sequence", "body", "signature")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ENVOY_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    server: str
    session: str
    envoy: str
    sequence: int
    body: bytes
    signature: bytes
    def __init__(self, protocol: _Optional[int] = ..., server: _Optional[str] = ..., session: _Optional[str] = ..., envoy: _Optional[str] = ..., sequence: _Optional[int] = ..., body: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class HelloRequest(_message.Message):
    __slots__ = ("mark",)
    MARK_FIELD_NUMBER: _ClassVar[int]
    mark: str
    def __init__(self, mark: _Optional[str] = ...) -> None: ...

class HelloResponse(_message.Message):
    __slots__ = ("server", "session", "sequence")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    server: str
    session: str
    sequence: int
    def __init__(self, server: _Optional[str] = ..., session: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class Fingerprint(_message.Message):
    __slots__ = ("bundle_digest", "traits_digest", "outcome_digest", "secrets_epoch", "trust_version")
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    TRAITS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SECRETS_EPOCH_FIELD_NUMBER: _ClassVar[int]
    TRUST_VERSION_FIELD_NUMBER: _ClassVar[int]
    bundle_digest: str
    traits_digest: str
    outcome_digest: str
    secrets_epoch: int
    trust_version: int
    def __init__(self, bundle_digest: _Optional[str] = ..., traits_digest: _Optional[str] = ..., outcome_digest: _Optional[str] = ..., secrets_epoch: _Optional[int] = ..., trust_version: _Optional[int] = ...) -> None: ...

class CheckInRequest(_message.Message):
    __slots__ = ("fingerprint", "traits", "agent_version", "now_unix_ms")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    TRAITS_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    NOW_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    fingerprint: Fingerprint
    traits: bytes
    agent_version: str
    now_unix_ms: int
    def __init__(self, fingerprint: _Optional[_Union[Fingerprint, _Mapping]] = ..., traits: _Optional[bytes] = ..., agent_version: _Optional[str] = ..., now_unix_ms: _Optional[int] = ...) -> None: ...

class CheckInResponse(_message.Message):
    __slots__ = ("want_traits", "bundle", "interval_seconds", "without_policy", "secrets_epoch", "trust", "renew_certificate")
    WANT_TRAITS_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_POLICY_FIELD_NUMBER: _ClassVar[int]
    SECRETS_EPOCH_FIELD_NUMBER: _ClassVar[int]
    TRUST_FIELD_NUMBER: _ClassVar[int]
    RENEW_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    want_traits: bool
    bundle: Bundle
    interval_seconds: int
    without_policy: bool
    secrets_epoch: int
    trust: _containers.RepeatedCompositeFieldContainer[SignedTrust]
    renew_certificate: bool
    def __init__(self, want_traits: _Optional[bool] = ..., bundle: _Optional[_Union[Bundle, _Mapping]] = ..., interval_seconds: _Optional[int] = ..., without_policy: _Optional[bool] = ..., secrets_epoch: _Optional[int] = ..., trust: _Optional[_Iterable[_Union[SignedTrust, _Mapping]]] = ..., renew_certificate: _Optional[bool] = ...) -> None: ...

class SignedTrust(_message.Message):
    __slots__ = ("content", "signature")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    signature: bytes
    def __init__(self, content: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Bundle(_message.Message):
    __slots__ = ("digest", "generation", "not_after_unix", "compressed_plan", "signature")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_UNIX_FIELD_NUMBER: _ClassVar[int]
    COMPRESSED_PLAN_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    digest: str
    generation: int
    not_after_unix: int
    compressed_plan: bytes
    signature: bytes
    def __init__(self, digest: _Optional[str] = ..., generation: _Optional[int] = ..., not_after_unix: _Optional[int] = ..., compressed_plan: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class ResourceResult(_message.Message):
    __slots__ = ("id", "type", "outcome", "changed", "ops", "diff", "reason", "duration_ms")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    outcome: Outcome
    changed: _containers.RepeatedScalarFieldContainer[str]
    ops: _containers.RepeatedScalarFieldContainer[str]
    diff: str
    reason: str
    duration_ms: float
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., changed: _Optional[_Iterable[str]] = ..., ops: _Optional[_Iterable[str]] = ..., diff: _Optional[str] = ..., reason: _Optional[str] = ..., duration_ms: _Optional[float] = ...) -> None: ...

class ReportResultRequest(_message.Message):
    __slots__ = ("run_id", "generation", "bundle_digest", "started_at_unix_us", "duration_ms", "offline", "results", "dropped_runs", "cause", "partial")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_UNIX_US_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_RUNS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    generation: int
    bundle_digest: str
    started_at_unix_us: int
    duration_ms: float
    offline: bool
    results: _containers.RepeatedCompositeFieldContainer[ResourceResult]
    dropped_runs: int
    cause: RunCause
    partial: bool
    def __init__(self, run_id: _Optional[str] = ..., generation: _Optional[int] = ..., bundle_digest: _Optional[str] = ..., started_at_unix_us: _Optional[int] = ..., duration_ms: _Optional[float] = ..., offline: _Optional[bool] = ..., results: _Optional[_Iterable[_Union[ResourceResult, _Mapping]]] = ..., dropped_runs: _Optional[int] = ..., cause: _Optional[_Union[RunCause, str]] = ..., partial: _Optional[bool] = ...) -> None: ...

class ReportResultResponse(_message.Message):
    __slots__ = ("stored_before",)
    STORED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    stored_before: bool
    def __init__(self, stored_before: _Optional[bool] = ...) -> None: ...

class RenewCertificateRequest(_message.Message):
    __slots__ = ("csr_pem",)
    CSR_PEM_FIELD_NUMBER: _ClassVar[int]
    csr_pem: str
    def __init__(self, csr_pem: _Optional[str] = ...) -> None: ...

class RenewCertificateResponse(_message.Message):
    __slots__ = ("certificate_pem",)
    CERTIFICATE_PEM_FIELD_NUMBER: _ClassVar[int]
    certificate_pem: str
    def __init__(self, certificate_pem: _Optional[str] = ...) -> None: ...

class ResolveSecretsRequest(_message.Message):
    __slots__ = ("names", "x25519_key", "mlkem768_key")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    X25519_KEY_FIELD_NUMBER: _ClassVar[int]
    MLKEM768_KEY_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    x25519_key: bytes
    mlkem768_key: bytes
    def __init__(self, names: _Optional[_Iterable[str]] = ..., x25519_key: _Optional[bytes] = ..., mlkem768_key: _Optional[bytes] = ...) -> None: ...

class ResolveSecretsResponse(_message.Message):
    __slots__ = ("sealed", "problems")
    SEALED_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    sealed: bytes
    problems: _containers.RepeatedCompositeFieldContainer[SecretProblem]
    def __init__(self, sealed: _Optional[bytes] = ..., problems: _Optional[_Iterable[_Union[SecretProblem, _Mapping]]] = ...) -> None: ...

class SecretProblem(_message.Message):
    __slots__ = ("name", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SignCertificateRequest(_message.Message):
    __slots__ = ("csr_pem", "days")
    CSR_PEM_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    csr_pem: str
    days: int
    def __init__(self, csr_pem: _Optional[str] = ..., days: _Optional[int] = ...) -> None: ...

class SignCertificateResponse(_message.Message):
    __slots__ = ("chain_pem",)
    CHAIN_PEM_FIELD_NUMBER: _ClassVar[int]
    chain_pem: str
    def __init__(self, chain_pem: _Optional[str] = ...) -> None: ...

class AgentStreamRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AgentMessage(_message.Message):
    __slots__ = ("open", "beat", "task_started", "task_output", "task_ended", "scrier_opened", "scrier_data", "scrier_taken", "scrier_ended")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    BEAT_FIELD_NUMBER: _ClassVar[int]
    TASK_STARTED_FIELD_NUMBER: _ClassVar[int]
    TASK_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TASK_ENDED_FIELD_NUMBER: _ClassVar[int]
    SCRIER_OPENED_FIELD_NUMBER: _ClassVar[int]
    SCRIER_DATA_FIELD_NUMBER: _ClassVar[int]
    SCRIER_TAKEN_FIELD_NUMBER: _ClassVar[int]
    SCRIER_ENDED_FIELD_NUMBER: _ClassVar[int]
    open: SignedRequest
    beat: Beat
    task_started: TaskStarted
    task_output: TaskOutput
    task_ended: TaskEnded
    scrier_opened: ScrierOpened
    scrier_data: ScrierData
    scrier_taken: ScrierTaken
    scrier_ended: ScrierEnded
    def __init__(self, open: _Optional[_Union[SignedRequest, _Mapping]] = ..., beat: _Optional[_Union[Beat, _Mapping]] = ..., task_started: _Optional[_Union[TaskStarted, _Mapping]] = ..., task_output: _Optional[_Union[TaskOutput, _Mapping]] = ..., task_ended: _Optional[_Union[TaskEnded, _Mapping]] = ..., scrier_opened: _Optional[_Union[ScrierOpened, _Mapping]] = ..., scrier_data: _Optional[_Union[ScrierData, _Mapping]] = ..., scrier_taken: _Optional[_Union[ScrierTaken, _Mapping]] = ..., scrier_ended: _Optional[_Union[ScrierEnded, _Mapping]] = ...) -> None: ...

class ServerMessage(_message.Message):
    __slots__ = ("opened", "beat", "check_in_now", "start_task", "cancel_task", "task_stored", "open_scrier", "scrier_data", "scrier_taken", "resize_scrier", "end_scrier")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    BEAT_FIELD_NUMBER: _ClassVar[int]
    CHECK_IN_NOW_FIELD_NUMBER: _ClassVar[int]
    START_TASK_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TASK_FIELD_NUMBER: _ClassVar[int]
    TASK_STORED_FIELD_NUMBER: _ClassVar[int]
    OPEN_SCRIER_FIELD_NUMBER: _ClassVar[int]
    SCRIER_DATA_FIELD_NUMBER: _ClassVar[int]
    SCRIER_TAKEN_FIELD_NUMBER: _ClassVar[int]
    RESIZE_SCRIER_FIELD_NUMBER: _ClassVar[int]
    END_SCRIER_FIELD_NUMBER: _ClassVar[int]
    opened: StreamOpened
    beat: Beat
    check_in_now: CheckInNow
    start_task: StartTask
    cancel_task: CancelTask
    task_stored: TaskStored
    open_scrier: OpenScrier
    scrier_data: ScrierData
    scrier_taken: ScrierTaken
    resize_scrier: ResizeScrier
    end_scrier: EndScrier
    def __init__(self, opened: _Optional[_Union[StreamOpened, _Mapping]] = ..., beat: _Optional[_Union[Beat, _Mapping]] = ..., check_in_now: _Optional[_Union[CheckInNow, _Mapping]] = ..., start_task: _Optional[_Union[StartTask, _Mapping]] = ..., cancel_task: _Optional[_Union[CancelTask, _Mapping]] = ..., task_stored: _Optional[_Union[TaskStored, _Mapping]] = ..., open_scrier: _Optional[_Union[OpenScrier, _Mapping]] = ..., scrier_data: _Optional[_Union[ScrierData, _Mapping]] = ..., scrier_taken: _Optional[_Union[ScrierTaken, _Mapping]] = ..., resize_scrier: _Optional[_Union[ResizeScrier, _Mapping]] = ..., end_scrier: _Optional[_Union[EndScrier, _Mapping]] = ...) -> None: ...

class StreamOpened(_message.Message):
    __slots__ = ("beat_seconds",)
    BEAT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    beat_seconds: int
    def __init__(self, beat_seconds: _Optional[int] = ...) -> None: ...

class Beat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CheckInNow(_message.Message):
    __slots__ = ("within_ms",)
    WITHIN_MS_FIELD_NUMBER: _ClassVar[int]
    within_ms: int
    def __init__(self, within_ms: _Optional[int] = ...) -> None: ...

class StartTask(_message.Message):
    __slots__ = ("order", "signature", "output_from")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FROM_FIELD_NUMBER: _ClassVar[int]
    order: bytes
    signature: bytes
    output_from: int
    def __init__(self, order: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., output_from: _Optional[int] = ...) -> None: ...

class CancelTask(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: str
    def __init__(self, task: _Optional[str] = ...) -> None: ...

class TaskStored(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: str
    def __init__(self, task: _Optional[str] = ...) -> None: ...

class TaskStarted(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: str
    def __init__(self, task: _Optional[str] = ...) -> None: ...

class TaskOutput(_message.Message):
    __slots__ = ("task", "offset", "data")
    TASK_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    task: str
    offset: int
    data: bytes
    def __init__(self, task: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class TaskEnded(_message.Message):
    __slots__ = ("task", "state", "exit_code", "duration_ms", "reason", "output_bytes")
    TASK_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    task: str
    state: TaskState
    exit_code: int
    duration_ms: float
    reason: str
    output_bytes: int
    def __init__(self, task: _Optional[str] = ..., state: _Optional[_Union[TaskState, str]] = ..., exit_code: _Optional[int] = ..., duration_ms: _Optional[float] = ..., reason: _Optional[str] = ..., output_bytes: _Optional[int] = ...) -> None: ...

class OpenScrier(_message.Message):
    __slots__ = ("order", "signature", "output_from")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FROM_FIELD_NUMBER: _ClassVar[int]
    order: bytes
    signature: bytes
    output_from: int
    def __init__(self, order: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., output_from: _Optional[int] = ...) -> None: ...

class ScrierOpened(_message.Message):
    __slots__ = ("scrier", "input_from")
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    INPUT_FROM_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    input_from: int
    def __init__(self, scrier: _Optional[str] = ..., input_from: _Optional[int] = ...) -> None: ...

class ScrierData(_message.Message):
    __slots__ = ("scrier", "offset", "data", "is_last")
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    IS_LAST_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    offset: int
    data: bytes
    is_last: bool
    def __init__(self, scrier: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., is_last: _Optional[bool] = ...) -> None: ...

class ScrierTaken(_message.Message):
    __slots__ = ("scrier", "bytes")
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    bytes: int
    def __init__(self, scrier: _Optional[str] = ..., bytes: _Optional[int] = ...) -> None: ...

class ResizeScrier(_message.Message):
    __slots__ = ("scrier", "columns", "rows")
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    columns: int
    rows: int
    def __init__(self, scrier: _Optional[str] = ..., columns: _Optional[int] = ..., rows: _Optional[int] = ...) -> None: ...

class EndScrier(_message.Message):
    __slots__ = ("scrier",)
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    def __init__(self, scrier: _Optional[str] = ...) -> None: ...

class ScrierEnded(_message.Message):
    __slots__ = ("scrier", "exit_code", "reason")
    SCRIER_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    scrier: str
    exit_code: int
    reason: str
    def __init__(self, scrier: _Optional[str] = ..., exit_code: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...
