"""Who may do what: the rules that reflection tells, and that the door keeps them."""

import json
import ssl
import tempfile
import time

import grpc
from cryptography.hazmat.primitives.asymmetric import ed25519

from centre import CASES, DIRECTORY, FILES, PATIENCE, expect, is_chinese, request_id, until
from client import Refused
from door import CREDENTIALS, Identity, from_url_safe

HEALTH = "/grpc.health.v1.Health/Check"
# How HTTP/2 begins: its greeting, and settings.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
# Without it the door does not know whose journal is meant, whoever asks.
OF = [("yizhan-service", "intake")]
STRANGER = ("UNAUTHENTICATED", "CREDENTIALS_REQUIRED")
# Whatever is taken back is refused everywhere within so many seconds.
TAKEN_BACK = 5


def told(contract):
    """Every method has a rule, which names at least one role and, where it has to, what it looks at."""
    for service, method in contract.methods():
        rule, grants = contract.rule(service, method), contract.grants(service, method)
        assert grants and "UNSPECIFIED" not in {*grants, *grants.values()}, f"{method}: {grants}"
        assert rule.resource or set(grants.values()) == {"ANY"}, f"{method} names nothing to look at"
        asked = contract.service(service).methods_by_name[method].input_type
        for path in (rule.resource, rule.window, rule.actor):
            kind = asked
            for name in path.split(".") if path else []:
                assert name in kind.fields_by_name, f"{method}: {kind.full_name} has no {name}"
                kind = kind.fields_by_name[name].message_type
    wanted = {"CLERK": "OWN_UNIT", "LEADER": "OWN_UNIT", "SYSTEM": "OWN_DIVISION", "OPERATOR": "ANY"}
    expect(contract.grants(CASES, "GetCase"), wanted, "GetCase")
    expect(contract.grants(CASES, "TrackCase"), {"PUBLIC": "ANY"}, "TrackCase")
    expect(contract.grants(CASES, "ExtendCase"), {"LEADER": "OWN_UNIT"}, "ExtendCase")
    expect(contract.rule(FILES, "UploadAttachment").actor, "header.clerk", "who uploads")


def plain(door):
    try:
        answer = door.plain().unary_unary(HEALTH)(b"", timeout=PATIENCE)
        raise AssertionError(f"answered {answer!r}")
    except grpc.RpcError as error:
        expect(error.code().name, "UNAVAILABLE", "a call without TLS")
    with door.line() as line:
        line.sendall(PREFACE)
        try:
            answer = line.recv(1 << 12)
        except ConnectionResetError:
            answer = b""
    # Nothing, or an alert of TLS (21); never a frame of HTTP/2.
    assert not answer or answer[0] == 21, f"answered {answer!r}"


def handshake(door, identity=None, version=ssl.TLSVersion.TLSv1_3):
    """The first of what the door says over TLS. Python's own, which tells why it is turned away and retries nothing."""
    context = ssl.create_default_context(cadata=door.ca.decode())
    context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    if identity:
        with tempfile.NamedTemporaryFile() as file:
            file.write(identity.key_pem() + identity.chain)
            file.flush()
            context.load_cert_chain(file.name)
    with context.wrap_socket(door.line(), server_hostname=door.target.split(":")[0]) as line:
        line.sendall(PREFACE)
        return line.recv(1 << 12)


def forged(door):
    assert handshake(door), "without a certificate one is let in"
    for identity, version in [(Identity().sign_itself(), ssl.TLSVersion.TLSv1_3), (None, ssl.TLSVersion.TLSv1_2)]:
        try:
            answer = handshake(door, identity, version)
        except (ssl.SSLError, ConnectionResetError):
            continue
        raise AssertionError(f"answered {answer!r} over {version.name}")


def enrolled(centre):
    """Each window's terminal has a certificate, the clerk a token that is bound to it."""
    ring = centre.client
    for window in ("A01", "B01"):
        terminal = ring.terminal(centre.window(window))
        # A terminal on which nobody has signed in sees who could.
        people = terminal.call(DIRECTORY, "ListPeople", {"parent": centre.division}).people
        assert centre.person("C01") in [person.name for person in people], "people"
    tokens = ring.sign_in(centre.person("C01"), centre.window("B01"))
    kind = tokens.caller.DESCRIPTOR.fields_by_name["role"].enum_type.values_by_number
    expect(kind[tokens.caller.role].name, "ROLE_CLERK", "role")
    expect((tokens.caller.unit, tokens.caller.window), ("012", "B01"), "unit and window")
    head, claims, signature = tokens.access_token.split(".")
    head, said = (json.loads(from_url_safe(part)) for part in (head, claims))
    expect((head["alg"], said["sub"]), ("EdDSA", centre.person("C01")), "algorithm and subject")
    expect(said["cnf"]["x5t#S256"], ring.identities[centre.window("B01")].fingerprint(), "the certificate of the token")
    keys = {key.id: key.public_key for key in ring.public.call(CREDENTIALS, "ListSigningKeys", {}).keys}
    key = ed25519.Ed25519PublicKey.from_public_bytes(keys[head["kid"]])
    key.verify(from_url_safe(signature), tokens.access_token.rpartition(".")[0].encode())


def check(step, centre, case, system):
    step("strangers have to come with a credential, but for what is public", strangers, centre)
    step("no role does what the rules do not give it", roles, centre, system)
    step("a clerk of another unit, division or window is refused", elsewhere, centre, case)
    step("nobody acts in somebody else's name", another_name, centre, case)
    step("a call without a deadline is refused", no_deadline, centre, case)
    step("a wrong password, code or token is refused", wrong, centre, case)
    step("a session is renewed, and ends", session, centre)
    step("another system reads cases by what it has asserted", systems, centre, case, system)
    step("a terminal that is taken back is refused", taken_back, centre)


def empty(contract, service, method):
    return [{}] if contract.service(service).methods_by_name[method].client_streaming else {}


def strangers(centre):
    public = centre.client.public
    contract = public.contract
    for service, method in contract.methods():
        answer = public.tried(service, method, empty(contract, service, method), OF)
        refused = isinstance(answer, Refused) and (answer.code, answer.reason) == STRANGER
        expect(refused, "PUBLIC" not in contract.grants(service, method), f"{method} needs a credential")
        if refused:
            expect((answer.domain, answer.locale), ("yizhan", "zh-CN"), "domain and locale")
            assert is_chinese(answer.localized) and not is_chinese(answer.message), "Chinese beside English"


def roles(centre, system):
    ring = centre.client
    callers = {
        "OPERATOR": ring.operator,
        "TERMINAL": ring.terminal(ring.desk),
        "CLERK": ring.person(centre.person("C01")),
        "LEADER": ring.person(centre.person("H01")),
        "SYSTEM": system.signed_in(),
    }
    contract = ring.public.contract
    for role, client in callers.items():
        shut = 0
        for service, method in contract.methods():
            if not contract.grants(service, method).keys() & {"PUBLIC", role}:
                answer = client.refusal(service, method, empty(contract, service, method), OF)
                expect((answer.code, answer.reason), ("PERMISSION_DENIED", "ROLE_NOT_ALLOWED"), f"{role}: {method}")
                shut += 1
        assert shut, f"nothing is shut to {role}"


def elsewhere(centre, case):
    ring, other = centre.client, centre.person("D01")
    stranger, clerk = ring.person(other), ring.person(centre.person("C01"))
    at_b01 = centre.receipt(window=centre.window("B01"))
    acting = {"name": case.name, "request_id": request_id()}
    for client, method, request, reason in [
        (stranger, "GetCase", {"name": case.name}, "NOT_YOUR_UNIT"),
        (stranger, "ExplainDeadline", {"name": case.name, "clock": "CASE_CLOCK_LEGAL"}, "NOT_YOUR_UNIT"),
        (stranger, "AcceptCase", {**acting, "clerk": other}, "NOT_YOUR_UNIT"),
        (stranger, "ListInbox", {"parent": centre.unit}, "NOT_YOUR_UNIT"),
        (clerk, "ListCases", {"parent": "divisions/410299"}, "NOT_YOUR_DIVISION"),
        (clerk, "WatchCases", {"parent": "divisions/410299"}, "NOT_YOUR_DIVISION"),
        (clerk, "ReceiveCase", at_b01, "NOT_YOUR_WINDOW"),
        (clerk, "ReceiveCase", {**at_b01, "window": centre.window("Z99")}, "NOT_YOUR_WINDOW"),
    ]:
        answer = client.refusal(CASES, method, request)
        expect((answer.code, answer.reason), ("PERMISSION_DENIED", reason), method)
        expect(answer.locale, "zh-CN", "locale")
    # A list shows a person of a unit that unit's cases and no other's.
    request = {"parent": centre.division}
    mine, theirs = (client.call(CASES, "ListCases", request).cases for client in (clerk, stranger))
    expect({listed.unit for listed in mine}, {centre.unit}, "units of the cases that a clerk sees")
    assert all(listed.unit != centre.unit for listed in theirs), "another unit's cases"
    for method, request, reason in [
        ("ListInbox", {"parent": f"{centre.division}/units/999"}, "UNIT_NOT_FOUND"),
        ("GetCase", {"name": f"{centre.division}/cases/no-such"}, "CASE_NOT_FOUND"),
    ]:
        told = ring.operator.refusal(CASES, method, request)
        expect((told.code, told.reason), ("NOT_FOUND", reason), f"{method} by who may see every unit")


def another_name(centre, case):
    clerk, colleague = centre.client.person(centre.person("C01")), centre.person("C02")
    acting = {"name": case.name, "request_id": request_id()}
    for method, request in [
        ("ReceiveCase", centre.receipt(clerk=colleague)),
        ("AcceptCase", {**acting, "clerk": colleague}),
        ("DecideCase", {**acting, "officer": colleague, "grant": True}),
        ("WithdrawCase", {**acting, "clerk": "divisions/999999/people/C01"}),
    ]:
        answer = clerk.refusal(CASES, method, request)
        expect((answer.code, answer.reason), ("PERMISSION_DENIED", "ACTOR_NOT_YOU"), method)
    upload = [{"header": {"parent": case.name, "clerk": colleague}}]
    expect(clerk.refusal(FILES, "UploadAttachment", upload).reason, "ACTOR_NOT_YOU", "UploadAttachment")


def no_deadline(centre, case):
    ring = centre.client
    asked = ring.public.contract.new("yizhan.intake.v1.GetCaseRequest", {"name": case.name}).SerializeToString()
    for client in (ring.person(centre.person("C01")), ring.operator, ring.public):
        answer = client.raw(f"/{CASES}/GetCase", asked, timeout=None)
        expect(
            (answer.code, answer.reason, answer.fields),
            ("INVALID_ARGUMENT", "DEADLINE_REQUIRED", ["grpc-timeout"]),
            "without a deadline",
        )
        assert is_chinese(answer.localized), "in Chinese"


def wrong(centre, case):
    ring, name = centre.client, {"name": case.name}
    terminal, beside = ring.terminal(ring.desk), ring.terminal(centre.window("B01"))
    clerk = ring.person(centre.person("C01"))
    answers = []
    for person in ("C01", "Z99"):
        told = terminal.refusal(CREDENTIALS, "SignIn", {"person": centre.person(person), "password": "no-such-word"})
        expect((told.code, told.reason), ("PERMISSION_DENIED", "PASSWORD_WRONG"), "a wrong password")
        answers.append(told.message)
    expect(answers[0], answers[1], "who is not there is told no otherwise")
    guess = {
        "name": f"{centre.division}/terminals/T-A01",
        "enrolment_code": "00000-00000-00000-00000-00000",
        "signing_request_pem": Identity().request(),
    }
    told = ring.public.refusal(CREDENTIALS, "EnrolTerminal", guess)
    expect((told.code, told.reason), ("PERMISSION_DENIED", "ENROLMENT_CODE_WRONG"), "a code that is used up")
    changed = clerk.token[:-6] + ("AAAAAA" if clerk.token[-6:] != "AAAAAA" else "BBBBBB")
    for what, client, reason in [
        ("a token that was stolen", ring.public.bearing(clerk.token), "TOKEN_NOT_YOURS"),
        ("a token at another window", beside.bearing(clerk.token), "TOKEN_NOT_YOURS"),
        ("a token that was changed", terminal.bearing(changed), "TOKEN_INVALID"),
        ("a token that is none", terminal.bearing("open-sesame"), "TOKEN_INVALID"),
    ]:
        told = client.refusal(CASES, "GetCase", name)
        expect((told.code, told.reason), ("UNAUTHENTICATED", reason), what)


def session(centre):
    ring, person, own = centre.client, centre.person("C02"), {"parent": centre.division}
    terminal = ring.terminal(ring.desk)
    began = ring.sign_in(person, ring.desk)
    renewed = terminal.call(CREDENTIALS, "RefreshTokens", {"refresh_token": began.refresh_token})
    client = terminal.bearing(renewed.access_token)
    client.call(CASES, "ListCases", own)
    client.call(CREDENTIALS, "SignOut", {})
    soon("after signing out", client, CASES, "ListCases", own)
    told = terminal.refusal(CREDENTIALS, "RefreshTokens", {"refresh_token": renewed.refresh_token})
    expect((told.code, told.reason), ("UNAUTHENTICATED", "SESSION_ENDED"), "renewed after the end")
    # One that is used again was stolen by somebody: the session ends for both.
    began = ring.sign_in(person, ring.desk)
    renewed = terminal.call(CREDENTIALS, "RefreshTokens", {"refresh_token": began.refresh_token})
    told = terminal.refusal(CREDENTIALS, "RefreshTokens", {"refresh_token": began.refresh_token})
    expect(told.reason, "SESSION_ENDED", "renewed twice with the same")
    soon("after the theft", terminal.bearing(renewed.access_token), CASES, "ListCases", own)


def soon(what, client, service, method, request):
    """Refused for what was taken back, in time."""
    began = time.monotonic()

    def refused():
        told = client.tried(service, method, request)
        return told if isinstance(told, Refused) else None

    told = until(what, refused)
    expect((told.code, told.reason), ("UNAUTHENTICATED", "CREDENTIAL_REVOKED"), what)
    took = time.monotonic() - began
    assert took < TAKEN_BACK, f"{what}: {took:.1f} s"


def systems(centre, case, system):
    own, name = {"parent": centre.division}, {"name": case.name}
    # Its certificate alone makes it nobody yet.
    told = system.client.refusal(CASES, "GetCase", name)
    expect((told.code, told.reason), STRANGER, "without an assertion")
    client = system.signed_in()
    seen = client.call(CASES, "GetCase", name)
    expect((seen.name, seen.number), (case.name, case.number), "the case")
    assert case.name in [found.name for found in client.call(CASES, "ListCases", {**own, "page_size": 100}).cases]
    told = client.refusal(CASES, "ListCases", {"parent": "divisions/410299"})
    expect((told.code, told.reason), ("PERMISSION_DENIED", "NOT_YOUR_DIVISION"), "another division")
    once = system.assertion()
    system.client.call(CREDENTIALS, "ExchangeAssertion", {"assertion": once})
    now = int(time.time())
    for what, assertion in [
        ("used before", once),
        ("signed with another key", system.assertion(ed25519.Ed25519PrivateKey.generate())),
        ("for somebody else", system.assertion(aud="another")),
        ("of somebody else", system.assertion(iss=f"{centre.division}/systems/OTHER")),
        ("out of date", system.assertion(iat=now - 600, exp=now - 400)),
        ("good for too long", system.assertion(exp=now + 3_600)),
    ]:
        told = system.client.refusal(CREDENTIALS, "ExchangeAssertion", {"assertion": assertion})
        expect((told.code, told.reason), ("PERMISSION_DENIED", "ASSERTION_WRONG"), what)


def guessed(public):
    """Who guesses is slowed down, and told when to come again."""
    guess = {"number": "000000-000-20160101-000001-0", "query_code": "000000"}
    for _ in range(200):
        try:
            public.once(CASES, "TrackCase", guess)
        except Refused as refused:
            if (told := refused).reason != "CASE_NOT_FOUND":
                break
    else:
        raise AssertionError("200 guesses, one after the other")
    expect((told.code, told.reason), ("RESOURCE_EXHAUSTED", "RATE_LIMITED"), "the last guess")
    assert 0 < told.again <= 1, f"come again in {told.again} s"
    time.sleep(told.again)
    expect(public.tried(CASES, "TrackCase", guess).reason, "CASE_NOT_FOUND", "then")


def taken_back(centre):
    ring, people = centre.client, {"parent": centre.division}
    _, spare = ring.enrol(ring.desk, "T-SPARE")
    spare.call(DIRECTORY, "ListPeople", people)
    name = f"{centre.division}/terminals/T-SPARE"
    revoke = {"name": name, "reason": "遗失", "request_id": request_id()}
    expect(ring.operator.call(CREDENTIALS, "RevokeCredential", revoke).revoked, True, "revoked")

    soon("the terminal", spare, DIRECTORY, "ListPeople", people)
