"""Drives the program from outside: a whole case, by a client that knows nothing of it.

    python tests/foreign/run.py --program target/debug/yizhan

Starts `yizhan serve` on a fresh data folder, learns the contract by reflection (v1 and v1alpha), drives a case from the
window to issuance with each of the two, and stops the program. Prints every step, and `N passed, N failed` at the end.
"""

import argparse
import base64
import hashlib
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
import uuid

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from client import Client, Refused

DIRECTORY = "yizhan.directory.v1.DirectoryService"
CALENDAR = "yizhan.directory.v1.CalendarService"
CATALOGUE = "yizhan.intake.v1.CatalogueService"
CASES = "yizhan.intake.v1.CaseService"
FILES = "yizhan.intake.v1.AttachmentService"
JOURNAL = "yizhan.journal.v1.JournalService"
METRICS = "yizhan.gateway.v1.MetricsService"
CLOCK = "yizhan.clock.v1.ClockService"
EXPECTED = {DIRECTORY, CALENDAR, CATALOGUE, CASES, FILES, JOURNAL, METRICS, CLOCK, "grpc.health.v1.Health"}

# The division of the case that is driven with each version of reflection.
DRIVEN = {"v1": "410223", "v1alpha": "410224"}
PATIENCE = 30


class Steps:
    """Prints each step and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def step(self, name, action, *arguments):
        """Runs a step; what it returns, or None where it failed."""
        began = time.monotonic()
        try:
            result = action(*arguments)
        except Exception as error:  # a step that fails does not keep the others from running
            self.failed += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL {name}: {type(error).__name__}: {error} ({place.name}, line {place.lineno})", flush=True)
            return None
        self.passed += 1
        print(f"ok   {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
        return result


class Program:
    """`yizhan serve` on a data folder, logging into a file beside it."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.log = folder / "yizhan.log.txt"
        self.process = None

    def start(self):
        self.grpc, self.web = free_port(), free_port()
        command = [self.path, "serve", "--data", self.folder / "data"]
        command += ["--listen", f"127.0.0.1:{self.grpc}", "--web", f"127.0.0.1:{self.web}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, condition):
    """Asks again until the condition gives something."""
    end = time.monotonic() + PATIENCE
    while True:
        if result := condition():
            return result
        assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
        time.sleep(0.05)


def request_id():
    return str(uuid.uuid4())


def expect(actual, wanted, what):
    assert actual == wanted, f"{what}: expected {wanted!r}, was {actual!r}"


def is_chinese(text):
    return any("\u4e00" <= c <= "\u9fff" for c in text)


class Centre:
    """A centre of one division, and what is asked of it. Every name is made up."""

    def __init__(self, client, code):
        self.client = client
        self.division = f"divisions/{code}"
        self.unit = f"{self.division}/units/012"
        self.item = f"{self.division}/items/{code}-012-001"
        self.applicant = {
            "display_name": "张某某",
            "document": "IDENTITY_DOCUMENT_CITIZEN_ID",
            "document_number": "41022319900101001X",
            "phone": "0371-00000000",
        }
        self.recipient = {key: self.applicant[key] for key in ("display_name", "document", "document_number")}

    def window(self, code):
        return f"{self.division}/windows/{code}"

    def person(self, code):
        return f"{self.division}/people/{code}"

    def division_and_unit(self):
        division = {"name": self.division, "display_name_zh": "示例县", "display_name_en": "Example County"}
        created = self.client.call(DIRECTORY, "CreateDivision", {"division": division, "request_id": request_id()})
        expect(created.name, self.division, "name")
        unit = {
            "name": self.unit,
            "display_name_zh": "示例局",
            "kind": "UNIT_KIND_AUTHORITY",
            "reconsideration_body": "示例县人民政府",
            "court": "示例县人民法院",
        }
        created = self.client.call(DIRECTORY, "CreateUnit", {"unit": unit, "request_id": request_id()})
        assert created.etag, "a unit has an etag"

    def windows_and_people(self):
        windows = [
            {"name": self.window("A01"), "display_name_zh": "受理一号", "unit": self.unit, "accepts": True},
            {"name": self.window("B01"), "display_name_zh": "出件一号", "issues": True},
        ]
        ranks = {"C01": "RANK_STAFF", "C02": "RANK_STAFF", "H01": "RANK_HEAD"}
        people = [
            {"name": self.person(code), "display_name": f"某{code}", "unit": self.unit, "rank": rank}
            for code, rank in ranks.items()
        ]
        request = {"parent": self.division, "windows": windows, "people": people, "request_id": request_id()}
        tried = self.client.call(DIRECTORY, "ImportDirectory", {**request, "validate_only": True, "request_id": request_id()})
        expect(tried.created, 5, "would be created")
        done = self.client.call(DIRECTORY, "ImportDirectory", request)
        expect(done.created, 5, "created")
        again = self.client.call(DIRECTORY, "ImportDirectory", {**request, "request_id": request_id()})
        expect((again.created, again.updated, again.unchanged), (0, 0, 5), "imported again")
        listed = self.client.call(DIRECTORY, "ListPeople", {"parent": self.division})
        expect([person.name for person in listed.people], sorted(map(self.person, ranks)), "people")

    def create_item(self):
        text = {
            "title_zh": "示例许可",
            "kind": "ITEM_KIND_LICENCE",
            "level": "LEVEL_COUNTY",
            "legal_basis": ["示例法 第一条"],
            "unit": self.unit,
            "subjects": ["SUBJECT_NATURAL_PERSON"],
            "handling": "HANDLING_PROMISED",
            "legal_limit_days": 20,
            "promised_limit_days": 10,
            "extension_days": 10,
            "materials": [{"code": "M1", "title": "申请书", "originals": 1, "required": True}],
            "result_document": "示例许可证",
            "special_procedures": ["SUSPENSION_CAUSE_INSPECTION"],
        }
        request = {"item": {"name": self.item, "text": text}, "request_id": request_id()}

        def try_it():
            # Intake learns of the unit from the directory's journal, a moment after the directory has answered.
            try:
                return self.client.call(CATALOGUE, "CreateItem", request)
            except Refused as refused:
                assert refused.reason in ("UNIT_NOT_FOUND", "DIVISION_NOT_FOUND"), refused
                return None

        item = until("the unit reaches intake", try_it)
        expect((item.revision, item.text.title_zh), (1, "示例许可"), "item")

    def receipt(self, **more):
        return {
            "parent": self.division,
            "item": self.item,
            "window": self.window("A01"),
            "clerk": self.person("C01"),
            "applicant": self.applicant,
            "materials": [{"code": "M1", "originals": 1}],
            "request_id": request_id(),
            **more,
        }

    def receive(self, **more):
        def try_it():
            try:
                return self.client.call(CASES, "ReceiveCase", self.receipt(**more))
            except Refused as refused:
                assert refused.reason in ("WINDOW_NOT_FOUND", "PERSON_NOT_FOUND"), refused
                return None

        return until("windows and people reach intake", try_it)

    def change(self, method, case, **fields):
        return self.client.call(CASES, method, {"name": case.name, "etag": case.etag, "request_id": request_id(), **fields})


def state(case):
    values = case.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
    return values[case.state].name.removeprefix("CASE_STATE_")


class Watch:
    """WatchCases, read in a thread of its own."""

    def __init__(self, centre):
        self.call = centre.client.call(CASES, "WatchCases", {"parent": centre.division})
        # The head of the answer comes once the server watches: nothing after this is missed.
        self.call.initial_metadata()
        self.seen = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for change in self.call:
                self.seen.put((change.seq, change.event, change.facts.number))
        except grpc.RpcError:
            pass

    def events(self, number, wanted):
        """Waits for these events of a case, in this order."""
        seen, last = [], 0
        while len(seen) < len(wanted):
            seq, event, of = self.seen.get(timeout=PATIENCE)
            assert seq > last, f"entry {seq} after {last}"
            last = seq
            if of == number:
                seen.append(event)
        expect(seen, wanted, "events")


def drive(steps, client, version, code):
    """A centre, and a case from the window to issuance."""
    centre = Centre(client, code)

    def step(name, action, *arguments):
        return steps.step(f"{version}: {name}", action, *arguments)

    step("a division and a unit are created", centre.division_and_unit)
    step("windows and people are imported, once", centre.windows_and_people)
    step("an item is created once its unit is known", centre.create_item)
    watch = step("cases are watched", Watch, centre)
    case = step("a case is received", received, centre)
    if watch is None or case is None:
        return None
    query_code, number = case.query_code, case.number
    for name, action in [
        ("accepted: both clocks run", accepted),
        ("suspended: both clocks stop", suspended),
        ("resumed", resumed),
        ("extended, once", extended),
        ("decided, with the remedies line for a denial only", decided),
        ("issued, at another window", issued),
    ]:
        case = step(f"the case is {name}", action, centre, case)
        if case is None:
            return None
    step("the applicant tracks it", tracked, centre, number, query_code)
    step("its deadline explains itself day by day", explained, centre, case)
    step("a list is filtered, ordered and paged", listed, centre, case)
    step("the unit's inbox says what is next", inbox, centre)
    step("a file goes in and comes out the same", attached, centre)
    life = ["received", "accepted", "suspended", "resumed", "extended", "decided", "issued"]
    step("who watches saw every event", watch.events, number, [f"case.{event}" for event in life])
    step("a bad request is told in full", bad_request, centre)
    step("the same request answers twice and acts once", repeated, centre)
    step("what cannot be is refused with a reason", refused, centre, case)
    step("bytes that are no message are the sender's fault", bad_bytes, client)
    step("the journal tells the same", journal, centre, number)
    step("the figures agree once they have followed", figures, centre, case)
    watch.case = case.name
    return watch


def received(centre):
    case = centre.receive()
    expect(state(case), "RECEIVED", "state")
    assert case.query_code, "the receipt has a query code"
    for text in (case.applicant.display_name, case.applicant.document_number):
        assert centre.applicant["document_number"] not in text and text != centre.applicant["display_name"], "not masked"
    assert case.HasField("intake_clock") and not case.HasField("legal_clock"), "only the five days of intake run"
    return case


def accepted(centre, case):
    case = centre.change("AcceptCase", case, clerk=centre.person("C01"))
    expect(state(case), "ACCEPTED", "state")
    assert case.HasField("legal_clock") and case.HasField("promised_clock"), "both clocks"
    expect(getattr(case.legal_clock, "from"), case.accepted_on, "day 0")
    return case


def suspended(centre, case):
    cause = "SUSPENSION_CAUSE_INSPECTION"
    notice = {"officer": centre.person("C02"), "cause": cause, "notice_number": "示检〔2026〕1号", "needed_days": 5}
    case = centre.change("SuspendCase", case, **notice)
    expect(state(case), "SUSPENDED", "state")
    expect(case.legal_clock.due_on, "", "due day while it is stopped")
    return case


def resumed(centre, case):
    case = centre.change("ResumeCase", case, officer=centre.person("C02"))
    expect(state(case), "ACCEPTED", "state")
    expect(len(case.suspensions), 1, "suspensions")
    return case


def extended(centre, case):
    again = {"approver": centre.person("H01"), "reason": "情况复杂"}
    case = centre.change("ExtendCase", case, **again)
    expect(case.extension.days, 10, "days")
    request = {"name": case.name, "request_id": request_id(), **again}
    expect(centre.client.refusal(CASES, "ExtendCase", request).reason, "EXTENDED_ALREADY", "reason")
    return case


def decided(centre, case):
    case = centre.change("DecideCase", case, officer=centre.person("C02"), grant=True, document_number="示许〔2026〕1号")
    expect(state(case), "GRANTED", "state")
    expect((case.decision.remedies_zh, case.decision.on_time_legal), ("", True), "remedies, on time")
    other = centre.receive(accept_now=True)
    other = centre.change("DecideCase", other, officer=centre.person("C02"), grant=False, reasons="不符合法定条件")
    assert "行政复议" in other.decision.remedies_zh and "示例县人民法院" in other.decision.remedies_zh, "the remedies line"
    return case


def issued(centre, case):
    request = {"clerk": centre.person("C01"), "recipient": centre.recipient}
    same = {"name": case.name, "window": centre.window("A01"), "request_id": request_id(), **request}
    assert centre.client.refusal(CASES, "IssueCase", same).reason in ("WINDOWS_NOT_APART", "WINDOW_DOES_NOT_ISSUE")
    case = centre.change("IssueCase", case, window=centre.window("B01"), **request)
    expect(state(case), "ISSUED", "state")
    return case


def tracked(centre, number, query_code):
    for spelt in (number, number.replace("-", "").lower()):
        seen = centre.client.call(CASES, "TrackCase", {"number": spelt, "query_code": query_code})
        expect((seen.number, state(seen)), (number, "ISSUED"), "number and state")
        assert is_chinese(seen.state_zh) and seen.state_en, "in words"
    wrong = centre.client.refusal(CASES, "TrackCase", {"number": number, "query_code": "000000"})
    unknown = centre.client.refusal(CASES, "TrackCase", {"number": "000000-000-20160101-000001-0", "query_code": query_code})
    expect((wrong.reason, wrong.message), ("CASE_NOT_FOUND", unknown.message), "a wrong code tells as little as a wrong number")


def explained(centre, case):
    deadline = centre.client.call(CASES, "ExplainDeadline", {"name": case.name, "clock": "CASE_CLOCK_LEGAL"})
    expect(deadline.due_on, case.legal_clock.due_on, "due day")
    expect(deadline.days[0].date, case.accepted_on, "day 0")
    expect(deadline.days[0].counted, 0, "day 0 counts")
    counted = [day.counted for day in deadline.days if day.counted]
    expect(counted, list(range(1, len(counted) + 1)), "counted days")
    # 20 by law and 10 by the extension, as far as the notices reach.
    expect(len(counted) + deadline.remaining, 30, "days in all")
    assert all(is_chinese(day.reason_zh) and day.reason_en for day in deadline.days), "every day has its reason"
    # A year whose notice is built in: the same answer whenever this runs. Spring Festival of 2026 is 15 to 23 February,
    # and the 14th and the 28th are worked.
    term = {"day0": "2026-02-09", "limit_days": 10, "suspensions": [{"first": "2026-02-11", "last": "2026-02-12"}]}
    expect(centre.client.call(CALENDAR, "ComputeDueDate", term).due_on, "2026-03-03", "ten days from 9 February")


def listed(centre, case):
    for _ in range(3):
        centre.receive()
    request = {"parent": centre.division, "filter": "state = RECEIVED", "order_by": "number desc", "page_size": 2}
    first = centre.client.call(CASES, "ListCases", request)
    expect(len(first.cases), 2, "first page")
    rest = centre.client.call(CASES, "ListCases", {**request, "page_token": first.next_page_token})
    numbers = [case.number for case in [*first.cases, *rest.cases]]
    expect((len(numbers), numbers), (3, sorted(numbers, reverse=True)), "all of them, in order")
    expect(rest.next_page_token, "", "token of the last page")
    elsewhere = {"parent": centre.division, "page_token": first.next_page_token}
    expect(centre.client.refusal(CASES, "ListCases", elsewhere).reason, "PAGE_TOKEN_INVALID", "a token carried elsewhere")
    done = centre.client.call(CASES, "ListCases", {"parent": centre.division, "filter": 'state = ISSUED AND unit = "012"'})
    expect([done.name for done in done.cases], [case.name], "issued cases")
    expect(done.cases[0].query_code, "", "query code in a list")


def inbox(centre):
    entries = centre.client.call(CASES, "ListInbox", {"parent": centre.unit}).entries
    actions = entries[0].DESCRIPTOR.fields_by_name["action"].enum_type.values_by_number
    names = [actions[entry.action].name for entry in entries]
    expect(names.count("NEXT_ACTION_DECIDE_INTAKE"), 3, "to be accepted")
    expect(names.count("NEXT_ACTION_ISSUE"), 1, "to be issued")
    days = [entry.due_on or "9999" for entry in entries]
    expect(days, sorted(days), "nearest first")


def attached(centre):
    case = centre.receive()
    content = b"%PDF-1.4\n" + b"0123456789abcdef" * 10_000 + b"\n%%EOF\n"
    header = {
        "parent": case.name,
        "file_name": "申请书.pdf",
        "media_type": "application/pdf",
        "sha256": to_json(hashlib.sha256(content).digest()),
        "size_bytes": len(content),
        "material": "M1",
        "clerk": centre.person("C01"),
        "request_id": request_id(),
    }
    parts = [content[i : i + 65536] for i in range(0, len(content), 65536)]
    upload = [{"header": header}, *({"chunk": to_json(part)} for part in parts)]
    kept = centre.client.call(FILES, "UploadAttachment", upload)
    expect((kept.size_bytes, kept.media_type), (len(content), "application/pdf"), "attachment")
    answers = list(centre.client.call(FILES, "DownloadAttachment", {"name": kept.name}))
    expect(answers[0].attachment.file_name, "申请书.pdf", "file name")
    assert b"".join(answer.chunk for answer in answers[1:]) == content, "the bytes differ"
    header["sha256"] = to_json(hashlib.sha256(b"another").digest())
    header["request_id"] = request_id()
    wrong = centre.client.refusal(FILES, "UploadAttachment", upload)
    expect((wrong.code, wrong.reason), ("INVALID_ARGUMENT", "CHECKSUM_MISMATCH"), "a wrong checksum")


def to_json(data):
    """Bytes as JSON spells them."""
    return base64.b64encode(data).decode()


def bad_request(centre):
    bad = {
        "parent": centre.division,
        "item": "no name at all",
        "window": centre.window("A01"),
        "clerk": "divisions/999999/people/C01",
        "applicant": {**centre.applicant, "document_number": "410223199001010011", "address": "长" * 201},
        "materials": [{"code": "M1"}, {"code": "M1"}],
        "request_id": request_id(),
    }
    told = centre.client.refusal(CASES, "ReceiveCase", bad)
    expect((told.code, told.domain, told.reason), ("INVALID_ARGUMENT", "yizhan", "FIELD_INVALID"), "status and ErrorInfo")
    for field in ("item", "clerk", "applicant.document_number", "applicant.address", "materials[1].code"):
        assert field in told.fields, f"{field} is not named: {told.fields}"
    expect(told.locale, "zh-CN", "locale")
    assert is_chinese(told.localized) and not is_chinese(told.message), "Chinese beside English"
    assert centre.applicant["phone"] not in told.message, "a refusal repeats no personal data"
    told = centre.client.refusal(CASES, "ReceiveCase", {**centre.receipt(), "request_id": "17"})
    expect((told.code, told.fields), ("INVALID_ARGUMENT", ["request_id"]), "a request_id that is no UUID")


def repeated(centre):
    request = centre.receipt()
    first, second = (centre.client.call(CASES, "ReceiveCase", request) for _ in range(2))
    expect((second.number, second.query_code), (first.number, first.query_code), "number and query code")
    other = centre.client.refusal(CASES, "ReceiveCase", {**request, "fixed_on_spot": ["补签日期"]})
    expect((other.code, other.reason), ("INVALID_ARGUMENT", "REQUEST_ID_REUSED"), "the id with another request")


def refused(centre, case):
    done = {"name": case.name, "clerk": centre.person("C01"), "request_id": request_id()}
    told = [
        ("AcceptCase", done, "FAILED_PRECONDITION", "CASE_STATE"),
        ("AcceptCase", {**done, "etag": "no-etag-of-it"}, "ABORTED", "ETAG_STALE"),
        ("AcceptCase", {**done, "name": f"{centre.division}/cases/no-such"}, "NOT_FOUND", "CASE_NOT_FOUND"),
        ("GetCase", {"name": "cases/1"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ("ListInbox", {"parent": f"{centre.division}/units/999"}, "NOT_FOUND", "UNIT_NOT_FOUND"),
        ("ListCases", {"parent": centre.division, "filter": "colour = red"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ("ReceiveCase", centre.receipt(window=centre.window("Z99")), "NOT_FOUND", "WINDOW_NOT_FOUND"),
        ("ReceiveCase", centre.receipt(item=f"{centre.division}/items/none"), "NOT_FOUND", "ITEM_NOT_FOUND"),
        ("ReceiveCase", centre.receipt(window=centre.window("B01")), "FAILED_PRECONDITION", "WINDOW_DOES_NOT_ACCEPT"),
        ("WatchCases", {"parent": centre.division, "after_seq": 1 << 40}, "FAILED_PRECONDITION", "POSITION_AHEAD"),
    ]
    for method, request, code, reason in told:
        told = centre.client.refusal(CASES, method, request)
        expect((told.code, told.reason, told.locale), (code, reason, "zh-CN"), method)


def bad_bytes(client):
    path = f"/{CASES}/GetCase"
    expect(client.raw(path, b"\x0a\x04\xff\xfe\xfd\xfc"), "INVALID_ARGUMENT", "text that is not UTF-8")
    expect(client.raw(path, b"\x0a\x7f"), "INVALID_ARGUMENT", "a message cut short")
    expect(client.raw(path, b"\xff" * 40), "INVALID_ARGUMENT", "no message at all")
    expect(client.raw(f"/{CASES}/NoSuchMethod", b""), "UNIMPLEMENTED", "a method that is not there")
    expect(client.raw("/yizhan.none.v1.NoService/Get", b""), "UNIMPLEMENTED", "a service that is not there")
    too_large = client.raw(path, b"\x0a\x80\x80\x80\x04" + b"x" * (8 << 20))
    assert too_large in ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE", "INVALID_ARGUMENT"), f"eight MiB: {too_large}"


def heads(centre, service):
    listed = centre.client.call(JOURNAL, "ListHeads", {}, [("yizhan-service", service)]).heads
    return {head.division: head.seq for head in listed}


def journal(centre, number):
    code = centre.division.removeprefix("divisions/")
    head = heads(centre, "intake")[code]
    assert heads(centre, "directory")[code] >= 7, "the directory's journal"
    batches = centre.client.call(JOURNAL, "ReadEntries", {"division": code}, [("yizhan-service", "intake")])
    entries = [entry for batch in batches for entry in batch.entries]
    expect([entry.seq for entry in entries], list(range(1, head + 1)), "gapless up to the head")
    assert all(len(entry.leaf_hash) == 32 for entry in entries), "leaf hashes"
    of_case = [entry.event for entry in entries if entry.noun.endswith(f"/cases/{number}")]
    expect(of_case[0], "case.received", "first event")
    expect(of_case[-1], "case.issued", "last event")
    secrets = [centre.applicant[key].encode() for key in ("display_name", "document_number", "phone")]
    assert not any(secret in entry.payload for entry in entries for secret in secrets), "personal data in the journal"


def figures(centre, case):
    code = centre.division.removeprefix("divisions/")
    head = heads(centre, "intake")[code]
    cases, token = [], ""
    while True:
        page = centre.client.call(CASES, "ListCases", {"parent": centre.division, "page_size": 2, "page_token": token})
        cases, token = [*cases, *page.cases], page.next_page_token
        if not token:
            break
    day = case.accepted_on
    request = {"parent": centre.division, "period": {"first": day, "last": day}}

    def followed():
        answer = centre.client.call(METRICS, "GetFigures", request)
        return answer if answer.intake_seq >= head else None

    total = until("the gateway follows", followed).total
    count = lambda *states: sum(state(case) in states for case in cases)  # noqa: E731
    wanted = {
        "received": len(cases),
        "accepted": sum(bool(case.accepted_on) for case in cases),
        "completed": count("ISSUED"),
        "open": count("ACCEPTED", "SUSPENDED", "GRANTED", "DENIED"),
        "granted": count("ISSUED", "GRANTED"),
        "denied": count("DENIED"),
        "extended": sum(case.HasField("extension") for case in cases),
        "suspended": sum(bool(case.suspensions) for case in cases),
        "overdue_legal": 0,
    }
    expect({name: getattr(total, name) for name in wanted}, wanted, "figures")
    by_unit = centre.client.call(METRICS, "GetFigures", {**request, "group_by": "GROUP_BY_UNIT"})
    expect([(row.key, row.received) for row in by_unit.rows], [("012", len(cases))], "by unit")
    behind = centre.client.call(METRICS, "ListFigureCases", {**request, "figure": "FIGURE_COMPLETED"})
    expect([found.name for found in behind.cases], [case.name], "the cases behind a figure")


def contract(client):
    """What was learned, but for reflection itself: each version tells of its own."""
    return {name: file for name, file in client.reflection.files.items() if not name.startswith(("reflection", "grpc/reflection"))}


def serving(channel):
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        return answer.status == health_pb2.HealthCheckResponse.SERVING
    except grpc.RpcError:
        return False


def served(steps, channel):
    """Health, the list of services, and the same contract by both reflections."""

    def both():
        clients = {version: Client(channel, version) for version in ("v1", "v1alpha")}
        for version, client in clients.items():
            missing = EXPECTED - set(client.services)
            assert not missing, f"{version} does not list {missing}"
        first, second = (contract(client) for client in clients.values())
        assert first == second, "v1 and v1alpha tell different contracts"
        return clients

    steps.step("health says SERVING", until, "health", lambda: serving(channel))
    return steps.step("reflection lists every service, the same by v1 and v1alpha", both)


def page(web):
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    assert answer.status == 200 and "<html" in text and is_chinese(text), "no page"


def stopped(program):
    expect(program.stop(), 0, "exit code")


def still_there(program, watch):
    """Started again on the same data: the case is where it was, by a client that learns everything anew."""
    program.start()
    with grpc.insecure_channel(f"127.0.0.1:{program.grpc}") as channel:
        until("health", lambda: serving(channel))
        case = Client(channel, "v1").call(CASES, "GetCase", {"name": watch.case})
        expect(state(case), "ISSUED", "state")
    expect(program.stop(), 0, "exit code")


def run(program):
    steps = Steps()
    program.start()
    with grpc.insecure_channel(f"127.0.0.1:{program.grpc}") as channel:
        clients = served(steps, channel)
        if not clients:
            return steps
        watches = [drive(steps, clients[version], version, code) for version, code in DRIVEN.items()]
        steps.step("the dashboard is a page", page, program.web)
        # The watches are still open: the program has to end them.
        steps.step("SIGTERM ends it cleanly, with streams open", stopped, program)
    steps.step("started again, it has kept the case", still_there, program, watches[0])
    return steps


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, type=pathlib.Path, help="the built yizhan")
    path = arguments.parse_args().program.resolve()
    with tempfile.TemporaryDirectory(prefix="yizhan-foreign-") as folder:
        program = Program(path, pathlib.Path(folder))
        try:
            steps = run(program)
        finally:
            program.end()
        if steps.failed:
            print(program.log.read_text(errors="replace")[-4000:], file=sys.stderr)
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed or not steps.passed else 0


if __name__ == "__main__":
    sys.exit(main())
