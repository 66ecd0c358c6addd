"""A gRPC client that knows nothing of the server: what it can ask and how, it learns by reflection.

Nothing here is generated from the server's contract. The reflection messages come from grpcio-reflection, which speaks
v1alpha; v1 has the same messages on the wire under another path. Who may call what stands in the contract as well, as
an option of every method.
"""

import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

SECONDS = 20
# The option that says who may call a method.
RULE, RULE_NUMBER = "yizhan.identity.v1.rule", 50410


class Refused(Exception):
    """A status that is not OK, with its google.rpc details."""

    def __init__(self, error):
        super().__init__(f"{error.code().name}: {error.details()}")
        self.code = error.code().name
        self.message = error.details()
        self.reason = self.domain = self.locale = self.localized = ""
        self.fields, self.again = [], 0.0
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            bad = error_details_pb2.BadRequest()
            text = error_details_pb2.LocalizedMessage()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                self.reason, self.domain = info.reason, info.domain
            elif detail.Unpack(bad):
                self.fields = [violation.field for violation in bad.field_violations]
            elif detail.Unpack(text):
                self.locale, self.localized = text.locale, text.message
            elif detail.Unpack(retry):
                self.again = retry.retry_delay.ToTimedelta().total_seconds()


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


class Contract:
    """What is served, and who may ask for it."""

    def __init__(self, channel, version):
        self.reflection = Reflection(channel, version)
        self.services = self.reflection.services()
        for service in self.services:
            self.reflection.learn(service)
        self.pool = self.reflection.pool()

    def service(self, name):
        return self.pool.FindServiceByName(name)

    def methods(self):
        """Every method of the suite itself: pairs of names."""
        suite = [name for name in self.services if name.startswith("yizhan.")]
        return [(name, method) for name in suite for method in self.service(name).methods_by_name]

    def new(self, message, fields):
        kind = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(message))
        return json_format.ParseDict(fields, kind())

    def rule(self, service, method):
        """The rule of a method: its option, read with the descriptors that the server itself has told."""
        option = self.pool.FindExtensionByName(RULE)
        assert option.number == RULE_NUMBER, f"{RULE} is {option.number}"
        described = self.service(service)
        file = self.reflection.files[described.file.name]
        of_service = next(told for told in file.service if told.name == described.name)
        of_method = next(told for told in of_service.method if told.name == method)
        # The class of the server's own descriptors: ours does not know the extension.
        kind = message_factory.GetMessageClass(self.pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
        options = kind.FromString(of_method.options.SerializeToString())
        assert options.HasExtension(option), f"{service}/{method} tells no rule"
        return options.Extensions[option]

    def grants(self, service, method):
        """Which roles may call a method, and within what: names without their prefixes."""
        rule = self.rule(service, method)

        def name(grant, field):
            values = grant.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
            return values[getattr(grant, field)].name.removeprefix(f"{field.upper()}_")

        return {name(grant, "role"): name(grant, "scope") for grant in rule.grants}


class Client:
    """One caller. Calls methods by name, with requests as plain dictionaries in the field names of the contract."""

    def __init__(self, contract, channel, token=""):
        self.contract, self.channel, self.token = contract, channel, token

    def on(self, channel):
        """Another caller, who knows what this one has learned."""
        return Client(self.contract, channel)

    def bearing(self, token):
        """The same connection with an access token."""
        return Client(self.contract, self.channel, token)

    def metadata(self, more=()):
        return [*more, *([("authorization", f"Bearer {self.token}")] if self.token else [])]

    def call(self, service, method, request, metadata=()):
        """One call. Where either side streams, `request` is a list of dictionaries or the answer an open call.

        Who comes too often waits as long as it is told, and comes again."""
        while True:
            try:
                return self.once(service, method, request, metadata)
            except Refused as refused:
                if refused.reason != "RATE_LIMITED" or not 0 < refused.again < SECONDS:
                    raise
                time.sleep(refused.again)

    def once(self, service, method, request, metadata=()):
        described = self.contract.service(service).methods_by_name[method]
        answer = message_factory.GetMessageClass(described.output_type)
        many_in, many_out = described.client_streaming, described.server_streaming
        kind = ("stream" if many_in else "unary") + "_" + ("stream" if many_out else "unary")
        stub = getattr(self.channel, kind)(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        asked = described.input_type.full_name
        messages = [self.contract.new(asked, fields) for fields in (request if many_in else [request])]
        question = iter(messages) if many_in else messages[0]
        # A stream that is watched has no end to wait for.
        timeout = None if many_out else SECONDS
        try:
            return stub(question, timeout=timeout, metadata=self.metadata(metadata))
        except grpc.RpcError as error:
            raise Refused(error) from None

    def tried(self, service, method, request, metadata=()):
        """A call that may be refused: the answer, or the refusal."""
        try:
            answer = self.call(service, method, request, metadata)
            if self.contract.service(service).methods_by_name[method].server_streaming:
                answer = list(answer)
            return answer
        except Refused as refused:
            return refused
        except grpc.RpcError as error:
            return Refused(error)

    def refusal(self, service, method, request, metadata=()):
        """The refusal of a call that must be refused."""
        told = self.tried(service, method, request, metadata)
        assert isinstance(told, Refused), f"{method} was not refused: {told}"
        return told

    def raw(self, path, payload, timeout=SECONDS):
        """Sends bytes as they are, which must be refused; the refusal."""
        try:
            answer = self.channel.unary_unary(path)(payload, timeout=timeout, metadata=self.metadata())
        except grpc.RpcError as error:
            return Refused(error)
        raise AssertionError(f"{path} was not refused: {answer}")
