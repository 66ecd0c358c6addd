"""A centre of one division, and what is asked of it, in the names of the contract. All names of people are made up."""

import queue
import threading
import time
import uuid

import grpc

from client import Refused
from door import Ring

DIRECTORY = "yizhan.directory.v1.DirectoryService"
CALENDAR = "yizhan.directory.v1.CalendarService"
CATALOGUE = "yizhan.intake.v1.CatalogueService"
CASES = "yizhan.intake.v1.CaseService"
FILES = "yizhan.intake.v1.AttachmentService"
JOURNAL = "yizhan.journal.v1.JournalService"
METRICS = "yizhan.gateway.v1.MetricsService"
CLOCK = "yizhan.clock.v1.ClockService"

PATIENCE = 30


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


def state(case):
    values = case.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
    return values[case.state].name.removeprefix("CASE_STATE_")


class Centre:
    """A centre of one division, and what is asked of it. Every name is made up."""

    def __init__(self, public, door, code):
        """`public` is a client without any credential."""
        self.division = f"divisions/{code}"
        self.unit = f"{self.division}/units/012"
        self.other_unit = f"{self.division}/units/013"
        self.item = f"{self.division}/items/{code}-012-001"
        self.applicant = {
            "display_name": "张某某",
            "document": "IDENTITY_DOCUMENT_CITIZEN_ID",
            "document_number": "41022319900101001X",
            "phone": "0371-00000000",
        }
        self.recipient = {key: self.applicant[key] for key in ("display_name", "document", "document_number")}
        # Every call goes out as whom its rule asks for, where a check does not choose somebody itself.
        self.client = Ring(public, door, self.division, self.window("A01"), self.person("C01"))

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
        other = {**unit, "name": self.other_unit, "display_name_zh": "另一示例局"}
        self.client.call(DIRECTORY, "CreateUnit", {"unit": other, "request_id": request_id()})

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
        people.append({**people[0], "name": self.person("D01"), "unit": self.other_unit})
        request = {"parent": self.division, "windows": windows, "people": people, "request_id": request_id()}
        tried = self.client.call(
            DIRECTORY, "ImportDirectory", {**request, "validate_only": True, "request_id": request_id()}
        )
        expect(tried.created, 6, "would be created")
        done = self.client.call(DIRECTORY, "ImportDirectory", request)
        expect(done.created, 6, "created")
        again = self.client.call(DIRECTORY, "ImportDirectory", {**request, "request_id": request_id()})
        expect((again.created, again.updated, again.unchanged), (0, 0, 6), "imported again")
        listed = self.client.call(DIRECTORY, "ListPeople", {"parent": self.division})
        expect([person.name for person in listed.people], sorted(map(self.person, [*ranks, "D01"])), "people")

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
        return self.client.call(
            CASES, method, {"name": case.name, "etag": case.etag, "request_id": request_id(), **fields}
        )


class Watch:
    """WatchCases by another system, read in a thread of its own."""

    def __init__(self, centre, system):
        self.call = system.signed_in().call(CASES, "WatchCases", {"parent": centre.division})
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
