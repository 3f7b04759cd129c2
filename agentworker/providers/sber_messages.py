"""The messages of SaluteSpeech, as far as Veyra uses them.

Written from the published descriptions: recognition/v2/recognitionv2.proto and
synthesis/v1/synthesis.proto of https://github.com/salute-developers/salute-speech. No package has
them ready. Fields that are not named here pass unread.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.duration_pb2 import Duration

Kind = descriptor_pb2.FieldDescriptorProto
TEXT, BYTES, FLAG = Kind.TYPE_STRING, Kind.TYPE_BYTES, Kind.TYPE_BOOL
# An enumeration is a whole number on the wire, too.
WHOLE = Kind.TYPE_INT32
DURATION = ".google.protobuf.Duration"
# A field: its name, its number, its type (a message by its name), and what is true of it.
REPEATED, EITHER = "repeated", "either"
Fields = tuple[tuple[Any, ...], ...]

PCM_S16LE = 1
SSML = 1

_HEARING: dict[str, Fields] = {
    "OptionalBool": (("enable", 1, FLAG),),
    "Hints": (("words", 1, TEXT, REPEATED), ("eou_timeout", 3, DURATION)),
    "RecognitionOptions": (
        ("audio_encoding", 1, WHOLE),
        ("sample_rate", 2, WHOLE),
        ("channels_count", 3, WHOLE),
        ("language", 4, TEXT),
        ("model", 5, TEXT),
        ("enable_multi_utterance", 6, "OptionalBool"),
        ("enable_partial_results", 7, "OptionalBool"),
        ("hypotheses_count", 8, WHOLE),
        ("no_speech_timeout", 9, DURATION),
        ("max_speech_timeout", 10, DURATION),
        ("hints", 11, "Hints"),
    ),
    "RecognitionRequest": (
        ("options", 1, "RecognitionOptions", EITHER),
        ("audio_chunk", 2, BYTES, EITHER),
    ),
    "Hypothesis": (("text", 1, TEXT), ("normalized_text", 2, TEXT)),
    "Transcription": (
        ("channel", 1, WHOLE),
        ("results", 2, "Hypothesis", REPEATED),
        ("eou", 3, FLAG),
        ("eou_reason", 4, WHOLE),
    ),
    "BackendInfo": (("model_name", 1, TEXT),),
    "RecognitionResponse": (
        ("transcription", 1, "Transcription", EITHER),
        ("backend_info", 2, "BackendInfo", EITHER),
    ),
}
_SPEAKING: dict[str, Fields] = {
    "SynthesisRequest": (
        ("text", 1, TEXT),
        ("audio_encoding", 2, WHOLE),
        ("language", 3, TEXT),
        ("content_type", 4, WHOLE),
        ("voice", 5, TEXT),
    ),
    "SynthesisResponse": (("data", 1, BYTES), ("audio_duration", 2, DURATION)),
}


def _made(package: str, described: dict[str, Fields]) -> dict[str, Any]:
    """Classes of messages, by their names."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=[Duration.DESCRIPTOR.file.name],
    )
    for name, fields in described.items():
        message = file.message_type.add(name=name)
        if any(EITHER in field for field in fields):
            message.oneof_decl.add(name="either")
        for field in fields:
            _add(message, package, *field)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(Duration.DESCRIPTOR.file.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in described}
    return {name: message_factory.GetMessageClass(each) for name, each in found.items()}


def _add(message: Any, package: str, name: str, number: int, kind: Any, *marks: str) -> None:
    field = message.field.add(name=name, number=number)
    field.label = Kind.LABEL_REPEATED if REPEATED in marks else Kind.LABEL_OPTIONAL
    if isinstance(kind, str):
        field.type = Kind.TYPE_MESSAGE
        field.type_name = kind if kind.startswith(".") else f".{package}.{kind}"
    else:
        field.type = kind
    if EITHER in marks:
        field.oneof_index = 0


_heard = _made("smartspeech.recognition.v2", _HEARING)
_said = _made("smartspeech.synthesis.v1", _SPEAKING)
RECOGNIZE = "/smartspeech.recognition.v2.SmartSpeech/Recognize"
SYNTHESIZE = "/smartspeech.synthesis.v1.SmartSpeech/Synthesize"
RecognitionOptions, RecognitionRequest = _heard["RecognitionOptions"], _heard["RecognitionRequest"]
RecognitionResponse = _heard["RecognitionResponse"]
SynthesisRequest, SynthesisResponse = _said["SynthesisRequest"], _said["SynthesisResponse"]
