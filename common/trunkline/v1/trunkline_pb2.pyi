from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Quantiser(_message.Message):
    __slots__ = ("min", "max", "bits")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    min: float
    max: float
    bits: int
    def __init__(self, min: _Optional[float] = ..., max: _Optional[float] = ..., bits: _Optional[int] = ...) -> None: ...

class ParameterValue(_message.Message):
    __slots__ = ("int_value", "double_value", "bool_value", "string_value")
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    int_value: int
    double_value: float
    bool_value: bool
    string_value: str
    def __init__(self, int_value: _Optional[int] = ..., double_value: _Optional[float] = ..., bool_value: bool = ..., string_value: _Optional[str] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("trunk", "cut", "trunk_digest", "shape", "quantiser", "arrangement", "codec", "parameters", "payload", "image_width", "image_height", "capture_time_us", "payload_crc32")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ParameterValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ParameterValue, _Mapping]] = ...) -> None: ...
    TRUNK_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    TRUNK_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    QUANTISER_FIELD_NUMBER: _ClassVar[int]
    ARRANGEMENT_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_CRC32_FIELD_NUMBER: _ClassVar[int]
    trunk: str
    cut: str
    trunk_digest: bytes
    shape: _containers.RepeatedScalarFieldContainer[int]
    quantiser: Quantiser
    arrangement: str
    codec: str
    parameters: _containers.MessageMap[str, ParameterValue]
    payload: bytes
    image_width: int
    image_height: int
    capture_time_us: int
    payload_crc32: int
    def __init__(self, trunk: _Optional[str] = ..., cut: _Optional[str] = ..., trunk_digest: _Optional[bytes] = ..., shape: _Optional[_Iterable[int]] = ..., quantiser: _Optional[_Union[Quantiser, _Mapping]] = ..., arrangement: _Optional[str] = ..., codec: _Optional[str] = ..., parameters: _Optional[_Mapping[str, ParameterValue]] = ..., payload: _Optional[bytes] = ..., image_width: _Optional[int] = ..., image_height: _Optional[int] = ..., capture_time_us: _Optional[int] = ..., payload_crc32: _Optional[int] = ...) -> None: ...

class InferRequest(_message.Message):
    __slots__ = ("frame", "request_id", "top_k", "score_threshold")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    frame: Frame
    request_id: str
    top_k: int
    score_threshold: float
    def __init__(self, frame: _Optional[_Union[Frame, _Mapping]] = ..., request_id: _Optional[str] = ..., top_k: _Optional[int] = ..., score_threshold: _Optional[float] = ...) -> None: ...

class ClassScore(_message.Message):
    __slots__ = ("index", "label", "score")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    score: float
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class Classification(_message.Message):
    __slots__ = ("classes",)
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    classes: _containers.RepeatedCompositeFieldContainer[ClassScore]
    def __init__(self, classes: _Optional[_Iterable[_Union[ClassScore, _Mapping]]] = ...) -> None: ...

class Detection(_message.Message):
    __slots__ = ("index", "label", "score", "x1", "y1", "x2", "y2")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    X1_FIELD_NUMBER: _ClassVar[int]
    Y1_FIELD_NUMBER: _ClassVar[int]
    X2_FIELD_NUMBER: _ClassVar[int]
    Y2_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    score: float
    x1: float
    y1: float
    x2: float
    y2: float
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., score: _Optional[float] = ..., x1: _Optional[float] = ..., y1: _Optional[float] = ..., x2: _Optional[float] = ..., y2: _Optional[float] = ...) -> None: ...

class Detections(_message.Message):
    __slots__ = ("detections",)
    DETECTIONS_FIELD_NUMBER: _ClassVar[int]
    detections: _containers.RepeatedCompositeFieldContainer[Detection]
    def __init__(self, detections: _Optional[_Iterable[_Union[Detection, _Mapping]]] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class InferResponse(_message.Message):
    __slots__ = ("classification", "detections", "struct", "failure", "model", "timings_ms", "request_id")
    class TimingsMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    CLASSIFICATION_FIELD_NUMBER: _ClassVar[int]
    DETECTIONS_FIELD_NUMBER: _ClassVar[int]
    STRUCT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_MS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    classification: Classification
    detections: Detections
    struct: _struct_pb2.Struct
    failure: Failure
    model: str
    timings_ms: _containers.ScalarMap[str, float]
    request_id: str
    def __init__(self, classification: _Optional[_Union[Classification, _Mapping]] = ..., detections: _Optional[_Union[Detections, _Mapping]] = ..., struct: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., model: _Optional[str] = ..., timings_ms: _Optional[_Mapping[str, float]] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Task(_message.Message):
    __slots__ = ("name", "model", "trunk", "cut", "shape", "accepts", "labels")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TRUNK_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    name: str
    model: str
    trunk: str
    cut: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    accepts: _containers.RepeatedScalarFieldContainer[bytes]
    labels: int
    def __init__(self, name: _Optional[str] = ..., model: _Optional[str] = ..., trunk: _Optional[str] = ..., cut: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., accepts: _Optional[_Iterable[bytes]] = ..., labels: _Optional[int] = ...) -> None: ...
