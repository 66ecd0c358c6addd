"""A gRPC client that knows nothing of the server: what it can ask and how, it learns by reflection.

Nothing here is generated from the server's contract. The reflection messages come from grpcio-reflection, which speaks
v1alpha; v1 has the same messages on the wire under another path.
"""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

SECONDS = 20


class Refused(Exception):
    """A status that is not OK, with its google.rpc details."""

    def __init__(self, error):
        super().__init__(f"{error.code().name}: {error.details()}")
        self.code = error.code().name
        self.message = error.details()
        self.reason = self.domain = self.locale = self.localized = ""
        self.fields = []
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            bad = error_details_pb2.BadRequest()
            text = error_details_pb2.LocalizedMessage()
            if detail.Unpack(info):
                self.reason, self.domain = info.reason, info.domain
            elif detail.Unpack(bad):
                self.fields = [violation.field for violation in bad.field_violations]
            elif detail.Unpack(text):
                self.locale, self.localized = text.locale, text.message


class Reflection:
    """Asks the server what it serves. `version` is `v1` or `v1alpha`."""

    def __init__(self, channel, version):
        self.files = {}
        self.ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )

    def answer(self, **question):
        request = reflection_pb2.ServerReflectionRequest(**question)
        answers = list(self.ask(iter([request]), timeout=SECONDS))
        assert len(answers) == 1, f"{len(answers)} answers to {question}"
        return answers[0]

    def services(self):
        listed = self.answer(list_services="").list_services_response.service
        return sorted(service.name for service in listed)

    def learn(self, symbol):
        """Fetches the file that declares a symbol, and all that it imports."""
        self._keep(self.answer(file_containing_symbol=symbol))

    def _keep(self, answer):
        assert answer.HasField("file_descriptor_response"), f"no file: {answer}"
        for encoded in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
            if file.name not in self.files:
                self.files[file.name] = file
                for name in file.dependency:
                    if name not in self.files:
                        self._keep(self.answer(file_by_filename=name))

    def pool(self):
        """The descriptors learned, in an order in which each comes after what it imports."""
        pool, added = descriptor_pool.DescriptorPool(), set()

        def add(name):
            if name not in added:
                added.add(name)
                for dependency in self.files[name].dependency:
                    add(dependency)
                pool.Add(self.files[name])

        for name in sorted(self.files):
            add(name)
        return pool


class Client:
    """Calls methods by name, with requests as plain dictionaries in the field names of the contract."""

    def __init__(self, channel, version):
        self.channel = channel
        self.reflection = Reflection(channel, version)
        self.services = self.reflection.services()
        for service in self.services:
            self.reflection.learn(service)
        self.pool = self.reflection.pool()

    def methods(self, service):
        return self.pool.FindServiceByName(service).methods_by_name

    def new(self, message, fields):
        kind = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(message))
        return json_format.ParseDict(fields, kind())

    def call(self, service, method, request, metadata=None):
        """One call. Where either side streams, `request` is a list of dictionaries or the answer an open call."""
        described = self.methods(service)[method]
        answer = message_factory.GetMessageClass(described.output_type)
        many_in, many_out = described.client_streaming, described.server_streaming
        kind = ("stream" if many_in else "unary") + "_" + ("stream" if many_out else "unary")
        stub = getattr(self.channel, kind)(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        messages = [self.new(described.input_type.full_name, fields) for fields in (request if many_in else [request])]
        question = iter(messages) if many_in else messages[0]
        # A stream that is watched has no end to wait for.
        timeout = None if many_out else SECONDS
        try:
            return stub(question, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def refusal(self, service, method, request, metadata=None):
        """The refusal of a call that must be refused."""
        try:
            answer = self.call(service, method, request, metadata)
            if self.methods(service)[method].server_streaming:
                answer = list(answer)
        except Refused as refused:
            return refused
        except grpc.RpcError as error:
            return Refused(error)
        raise AssertionError(f"{method} was not refused: {answer}")

    def raw(self, path, payload):
        """Sends bytes as they are; the name of the status code."""
        try:
            self.channel.unary_unary(path)(payload, timeout=SECONDS)
            return "OK"
        except grpc.RpcError as error:
            return error.code().name
