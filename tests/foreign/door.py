"""Through the door: TLS, and everything by which a caller is known.

Keys, certificate requests and assertions are made here, as a foreign terminal or system would make them.
"""

import base64
import datetime
import hashlib
import json
import socket
import time
import uuid

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

CREDENTIALS = "yizhan.directory.v1.CredentialService"
# Seconds after which one signs in anew: a token lives five minutes.
FRESH = 200


def url_safe(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_url_safe(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Identity:
    """A key of one's own, and the certificate that was given for it."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain = b""
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])

    def key_pem(self):
        kind = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())

    def request(self):
        """PKCS #10."""
        request = x509.CertificateSigningRequestBuilder().subject_name(self.name).sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def fingerprint(self):
        """SHA-256 of the certificate, as a token that is bound to it says it."""
        certificate = x509.load_pem_x509_certificates(self.chain)[0]
        return url_safe(hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest())

    def sign_itself(self):
        """A certificate that no authority has given, for an operator that is none."""
        now = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("spiffe://yizhan/operators/first")])
        certificate = (
            x509.CertificateBuilder(self.name, self.name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.chain = certificate.public_bytes(serialization.Encoding.PEM)
        return self


class Door:
    """Connections to the gRPC port, by the authority's certificate from the data folder."""

    FILES = ("ca.pem", "operator.pem", "operator.key")

    def __init__(self, port, folder):
        self.target, self.folder = f"127.0.0.1:{port}", folder
        self.ca = self.read("ca.pem")
        self.channels = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for channel in self.channels:
            channel.close()

    def read(self, name):
        return (self.folder / name).read_bytes()

    def keep(self, channel):
        self.channels.append(channel)
        return channel

    def open(self, key=None, chain=None):
        """A connection, without a client certificate where none is given."""
        credentials = grpc.ssl_channel_credentials(self.ca, key, chain)
        # Or connections of different callers might be shared.
        return self.keep(grpc.secure_channel(self.target, credentials, [("grpc.use_local_subchannel_pool", 1)]))

    def as_operator(self):
        return self.open(self.read("operator.key"), self.read("operator.pem"))

    def by(self, identity):
        return self.open(identity.key_pem(), identity.chain)

    def line(self):
        """A bare connection."""
        host, port = self.target.split(":")
        return socket.create_connection((host, int(port)), timeout=30)

    def plain(self):
        """Without TLS."""
        return self.keep(grpc.insecure_channel(self.target))


class System:
    """Another government system: a certificate for its connection, a key for what it asserts."""

    def __init__(self, ring, code):
        self.name, self.identity = f"{ring.division}/systems/{code}", Identity()
        self.key = ed25519.Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        request = {
            "parent": ring.division,
            "system_id": code,
            "display_name": "示例省政务服务平台",
            "signing_request_pem": self.identity.request(),
            "assertion_key": base64.b64encode(public).decode(),
            "request_id": str(uuid.uuid4()),
        }
        made = ring.operator.call(CREDENTIALS, "CreateSystem", request)
        assert made.system.name == self.name, made.system.name
        self.identity.chain = made.certificate.chain_pem.encode()
        self.client = ring.public.on(ring.door.by(self.identity))

    def assertion(self, key=None, **other):
        """A JWT (RFC 7523), signed with Ed25519."""
        now = int(time.time())
        said = {"iss": self.name, "sub": self.name, "aud": "yizhan", "iat": now, "exp": now + 120}
        said |= {"jti": str(uuid.uuid4())} | other
        parts = [url_safe(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "typ": "JWT"}, said)]
        signature = (key or self.key).sign(".".join(parts).encode())
        return ".".join([*parts, url_safe(signature)])

    def signed_in(self):
        request = {"assertion": self.assertion()}
        tokens = self.client.call(CREDENTIALS, "ExchangeAssertion", request)
        return self.client.bearing(tokens.access_token)


class Ring:
    """All callers of one division. A call goes out as whom the method's rule asks for, which reflection has told."""

    def __init__(self, public, door, division, desk, clerk):
        """`desk` is the window at which people sit, `clerk` who calls where a request names nobody."""
        self.public, self.door, self.division = public, door, division
        self.desk, self.clerk = desk, clerk
        self.operator = public.on(door.as_operator())
        self.identities, self.terminals, self.passwords, self.people = {}, {}, {}, {}

    def enrol(self, window, code):
        """A terminal as it comes out of its box: nobody yet, with a code that somebody types."""
        request = {
            "parent": self.division,
            "terminal_id": code,
            "window": window,
            "request_id": str(uuid.uuid4()),
        }
        made = self.operator.call(CREDENTIALS, "CreateTerminal", request)
        identity = Identity()
        request = {
            "name": made.terminal.name,
            "enrolment_code": made.enrolment_code,
            "signing_request_pem": identity.request(),
        }
        given = self.public.call(CREDENTIALS, "EnrolTerminal", request)
        assert given.name == made.terminal.name, f"a certificate for {given.name}"
        identity.chain = given.chain_pem.encode()
        return identity, self.public.on(self.door.by(identity))

    def terminal(self, window):
        """The connection of a window's terminal, enrolled when it is first needed."""
        if window not in self.terminals:
            code = "T-" + window.rsplit("/")[-1]
            self.identities[window], self.terminals[window] = self.enrol(window, code)
        return self.terminals[window]

    def password(self, person):
        if person not in self.passwords:
            password = str(uuid.uuid4())
            request = {"person": person, "password": password, "request_id": str(uuid.uuid4())}
            self.operator.call(CREDENTIALS, "SetPassword", request)
            self.passwords[person] = password
        return self.passwords[person]

    def sign_in(self, person, window):
        request = {"person": person, "password": self.password(person)}
        return self.terminal(window).call(CREDENTIALS, "SignIn", request)

    def person(self, person, window=None):
        """Somebody who is signed in on the terminal of a window."""
        window = window or self.desk
        client, until = self.people.get((person, window), (None, 0))
        if time.monotonic() > until:
            client = self.terminal(window).bearing(self.sign_in(person, window).access_token)
            self.people[person, window] = client, time.monotonic() + FRESH
        return client

    def caller(self, service, method, request):
        """Whom the rule of a method asks for."""
        contract = self.public.contract
        rule, grants = contract.rule(service, method), contract.grants(service, method)
        if "PUBLIC" in grants:
            return self.public
        if not grants.keys() & {"CLERK", "LEADER"}:
            return self.operator
        first = request[0] if isinstance(request, list) else request
        person, window = (told(first, field) for field in (rule.actor, rule.window))
        person = person if person.startswith(f"{self.division}/people/") else self.clerk
        window = window if window.startswith(f"{self.division}/windows/") else self.desk
        return self.person(person, window)

    def call(self, service, method, request, metadata=()):
        return self.caller(service, method, request).call(service, method, request, metadata)

    def refusal(self, service, method, request, metadata=()):
        return self.caller(service, method, request).refusal(service, method, request, metadata)


def told(fields, path):
    """What stands at a field of a request, for example `header.clerk`."""
    for name in path.split(".") if path else []:
        fields = fields.get(name, {})
    return fields if isinstance(fields, str) else ""
