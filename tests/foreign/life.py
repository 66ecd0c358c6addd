"""The life of a case as an outside client sees it: every step of it, what must be refused, and what follows from it."""

import base64
import hashlib

import rules
from centre import (
    CALENDAR,
    CASES,
    DIRECTORY,
    FILES,
    JOURNAL,
    METRICS,
    Centre,
    Watch,
    expect,
    is_chinese,
    request_id,
    state,
    until,
)
from door import System


def drive(steps, public, door, version, code):
    """A centre, and a case from the window to issuance."""
    centre = Centre(public, door, code)

    def step(name, action, *arguments):
        return steps.step(f"{version}: {name}", action, *arguments)

    step("a division and a unit are created", centre.division_and_unit)
    step("windows and people are imported, once", centre.windows_and_people)
    step("an item is created once its unit is known", centre.create_item)
    step("terminals are enrolled, and a clerk signs in on one", rules.enrolled, centre)
    system = step("another system is made known and signs an assertion", System, centre.client, "PROVINCE")
    if system is None:
        return None
    watch = step("the system watches cases", Watch, centre, system)
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
    step("bytes that are no message are the sender's fault", bad_bytes, centre)
    rules.check(step, centre, case, system)
    step("the journal tells the same", journal, centre, number)
    step("the figures agree once they have followed", figures, centre, case)
    watch.case, watch.centre = case.name, centre
    return watch


def received(centre):
    case = centre.receive()
    expect(state(case), "RECEIVED", "state")
    assert case.query_code, "the receipt has a query code"
    for text in (case.applicant.display_name, case.applicant.document_number):
        assert centre.applicant["document_number"] not in text and text != centre.applicant["display_name"], (
            "not masked"
        )
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
    case = centre.change(
        "DecideCase", case, officer=centre.person("C02"), grant=True, document_number="示许〔2026〕1号"
    )
    expect(state(case), "GRANTED", "state")
    expect((case.decision.remedies_zh, case.decision.on_time_legal), ("", True), "remedies, on time")
    other = centre.receive(accept_now=True)
    other = centre.change("DecideCase", other, officer=centre.person("C02"), grant=False, reasons="不符合法定条件")
    assert "行政复议" in other.decision.remedies_zh and "示例县人民法院" in other.decision.remedies_zh, (
        "the remedies line"
    )
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
    unknown = centre.client.refusal(
        CASES, "TrackCase", {"number": "000000-000-20160101-000001-0", "query_code": query_code}
    )
    expect(
        (wrong.reason, wrong.message),
        ("CASE_NOT_FOUND", unknown.message),
        "a wrong code tells as little as a wrong number",
    )


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
    expect(
        centre.client.refusal(CASES, "ListCases", elsewhere).reason, "PAGE_TOKEN_INVALID", "a token carried elsewhere"
    )
    done = centre.client.call(
        CASES, "ListCases", {"parent": centre.division, "filter": 'state = ISSUED AND unit = "012"'}
    )
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
        "clerk": "C01",
        "applicant": {**centre.applicant, "document_number": "410223199001010011", "address": "长" * 201},
        "materials": [{"code": "M1"}, {"code": "M1"}],
        "request_id": request_id(),
    }
    told = centre.client.refusal(CASES, "ReceiveCase", bad)
    expect(
        (told.code, told.domain, told.reason), ("INVALID_ARGUMENT", "yizhan", "FIELD_INVALID"), "status and ErrorInfo"
    )
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
    # A name says whose case it is, so that a clerk learns of none that is another unit's.
    unknown = case.name.replace("-000001-", "-009999-")
    told = [
        ("AcceptCase", done, "FAILED_PRECONDITION", "CASE_STATE"),
        ("AcceptCase", {**done, "etag": "no-etag-of-it"}, "ABORTED", "ETAG_STALE"),
        ("AcceptCase", {**done, "name": unknown}, "NOT_FOUND", "CASE_NOT_FOUND"),
        ("AcceptCase", {**done, "name": f"{centre.division}/cases/no-such"}, "PERMISSION_DENIED", "NOT_YOUR_UNIT"),
        ("GetCase", {"name": "cases/1"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ("ListInbox", {"parent": f"{centre.division}/units/999"}, "PERMISSION_DENIED", "NOT_YOUR_UNIT"),
        ("ListCases", {"parent": centre.division, "filter": "colour = red"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ("ReceiveCase", centre.receipt(item=f"{centre.division}/items/none"), "NOT_FOUND", "ITEM_NOT_FOUND"),
        ("ReceiveCase", centre.receipt(window=centre.window("B01")), "FAILED_PRECONDITION", "WINDOW_DOES_NOT_ACCEPT"),
        ("WatchCases", {"parent": centre.division, "after_seq": 1 << 40}, "FAILED_PRECONDITION", "POSITION_AHEAD"),
    ]
    for method, request, code, reason in told:
        told = centre.client.refusal(CASES, method, request)
        expect((told.code, told.reason, told.locale), (code, reason, "zh-CN"), method)


def bad_bytes(centre):
    public, operator = centre.client.public, centre.client.operator
    clerk = centre.client.person(centre.person("C01"))
    get, unit = f"/{CASES}/GetCase", f"/{DIRECTORY}/GetUnit"
    for what, bad in [
        ("text that is not UTF-8", b"\x0a\x04\xff\xfe\xfd\xfc"),
        ("a message cut short", b"\x0a\x7f"),
        ("no message at all", b"\xff" * 40),
    ]:
        for client, path in [(clerk, get), (operator, get), (public, unit)]:
            expect(client.raw(path, bad).code, "INVALID_ARGUMENT", f"{what}: {path}")
        # Who is not known learns nothing of what is wrong with it.
        told = public.raw(get, bad)
        expect((told.code, told.reason), ("UNAUTHENTICATED", "CREDENTIALS_REQUIRED"), f"{what}, of a stranger")
    for client in (clerk, operator, public):
        expect(client.raw(f"/{CASES}/NoSuchMethod", b"").code, "UNIMPLEMENTED", "a method that is not there")
        expect(client.raw("/yizhan.none.v1.NoService/Get", b"").code, "UNIMPLEMENTED", "a service that is not there")
    large = b"\x0a\x80\x80\x80\x04" + b"x" * (8 << 20)
    for client, path in [(clerk, get), (operator, get), (public, unit)]:
        too_large = client.raw(path, large).code
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
