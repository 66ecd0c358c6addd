"""The calendars of the roster, read by two parsers that know nothing of us and compared with what gRPC tells."""

import datetime
import urllib.error
import urllib.request

import icalendar
import vobject

from centre import DIRECTORY, PATIENCE, Centre, expect, is_chinese, request_id, until
from client import Refused

ROSTER = "yizhan.roster.v1.RosterService"
# On this day March is a month ahead.
NOW = "2016-02-22T09:00"
MONTH = "2016-03"
# All that has to be escaped in a calendar.
NAME = "某,甲;乙\\丙"


def drive(steps, public, door, web):
    centre = Centre(public, door, "410225")

    def step(name, action, *arguments):
        return steps.step(f"roster: {name}", action, *arguments)

    step("a division, a unit and its leaders", leaders, centre)
    duties = step("a month is planned, published, and a duty of it excused", published, centre)
    if not duties:
        return
    step("a post's calendar tells every duty, to either parser", post, centre, web, duties)
    step("a person's calendar tells their own", person, centre, web, duties)
    step("a calendar that has not changed is not sent again", unchanged, centre, web)
    step("lines end and fold as RFC 5545 says", lines, centre, web)


def leaders(centre):
    centre.division_and_unit()
    centre.windows_and_people()
    ranked = {"L01": "RANK_DEPUTY", "L02": "RANK_PARTY_MEMBER"}
    people = [
        {"name": centre.person(code), "display_name": NAME, "unit": centre.unit, "rank": rank}
        for code, rank in ranked.items()
    ]
    # Somebody of the centre itself, who manages the roster.
    people.append({"name": centre.person("M01"), "display_name": "某M01", "rank": "RANK_STAFF"})
    request = {"parent": centre.division, "people": people, "request_id": request_id()}
    expect(centre.client.call(DIRECTORY, "ImportDirectory", request).created, 3, "created")


def published(centre):
    manager, client = centre.person("M01"), centre.client
    rules = {
        "effective_on": "2016-01-01",
        "posts": [{"code": "HALL", "title_zh": "大厅值班", "title_en": "Hall", "window": centre.window("A01"), "seats": 1}],
        "morning": {"first": "08:30", "last": "12:00"},
        "afternoon": {"first": "14:30", "last": "17:30"},
        "fairness": 2,
        "notice_days": 3,
        "late_minutes": 15,
        "early_minutes": 15,
        "absent_minutes": 60,
        "document_prefix": "示政务通",
    }

    def set_rules():
        request = {"parent": centre.division, "rules": rules, "manager": manager, "request_id": request_id()}
        try:
            return client.call(ROSTER, "SetDutyRules", request)
        except Refused as refused:
            # The roster learns of people and windows a moment after the directory.
            assert refused.reason in ("PERSON_NOT_FOUND", "WINDOW_NOT_FOUND"), refused
            return None

    until("people and windows reach the roster", set_rules)
    request = {"parent": centre.division, "month": MONTH, "manager": manager, "request_id": request_id()}
    plan = client.call(ROSTER, "DraftPlan", request)
    expect(len(plan.assignments), 46, "half-days of a month of 23 working days")
    client.call(ROSTER, "PublishPlan", {"name": plan.name, "manager": manager, "request_id": request_id()})
    excused = next(at for at in plan.assignments if at.person == "L01")
    exchange = {
        "kind": "EXCHANGE_KIND_EXCUSE",
        "duty": f"{centre.division}/duties/{excused.duty}",
        "document": "示政办〔2016〕5号",
        "reason": "参加培训",
    }
    by = centre.person("L01")
    request = {"parent": centre.division, "exchange": exchange, "by": by, "request_id": request_id()}
    asked = client.call(ROSTER, "RequestExchange", request)
    client.call(
        ROSTER, "AnswerExchange", {"name": asked.name, "accept": True, "by": manager, "request_id": request_id()}
    )
    request = {"parent": centre.division, "first_day": "2016-03-01", "last_day": "2016-03-31", "page_size": 1000}
    return client.call(ROSTER, "ListDuties", request).duties


def fetch(centre, web, what, headers=None):
    path = f"/roster/{centre.division.split('/')[1]}/{what}.ics"
    request = urllib.request.Request(f"http://127.0.0.1:{web}{path}", headers=headers or {})
    return urllib.request.urlopen(request, timeout=PATIENCE)


def told(centre, web, what, many):
    """The bytes of a calendar, once it has followed the roster to so many events, one of them cancelled."""

    def whole():
        try:
            with fetch(centre, web, what) as answer:
                expect(answer.headers["Content-Type"], "text/calendar; charset=utf-8", "content type")
                data = answer.read()
        except urllib.error.HTTPError as error:
            expect(error.code, 404, "before anything is known")
            return None
        return data if (data.count(b"BEGIN:VEVENT"), data.count(b"STATUS:CANCELLED")) == (many, 1) else None

    return until("the calendar follows", whole)


def compare(centre, data, duties):
    """Every duty once, with its times and its state, by both parsers."""
    first, second = icalendar.Calendar.from_ical(data), vobject.readOne(data.decode())
    for component in first.walk():
        assert not component.errors, component.errors
    expect((first["VERSION"], first["METHOD"]), ("2.0", "PUBLISH"), "version and method")
    assert first["REFRESH-INTERVAL"] and first["X-PUBLISHED-TTL"], "how often to look again"
    second.validate(raiseException=True)
    expect((second.version.value, second.method.value), ("2.0", "PUBLISH"), "version and method")
    division = centre.division.split("/")[1]
    others = {event.uid.value: event for event in second.vevent_list}
    events = {str(event["UID"]): event for event in first.events}
    expect(len(events), len(duties), "UIDs")
    expect(set(others), set(events), "UIDs of the other parser")
    for duty in duties:
        uid = f"{duty.name.rsplit('/')[-1]}.{division}@yizhan"
        event, other = events[uid], others[uid]
        for field, at in (("DTSTART", duty.starts_at), ("DTEND", duty.ends_at)):
            wanted = at.ToDatetime(tzinfo=datetime.UTC)
            expect(event.decoded(field), wanted, f"{field} of {uid}")
            expect(getattr(other, field.lower()).value, wanted, f"{field} of {uid} by the other parser")
        states = duty.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
        cancelled = states[duty.state].name == "DUTY_STATE_EXCUSED"
        expect(str(event["STATUS"]), "CANCELLED" if cancelled else "CONFIRMED", f"status of {uid}")
        assert int(event["SEQUENCE"]) > 0 and event.decoded("DTSTAMP").tzinfo, "sequence and stamp"
        assert is_chinese(event["SUMMARY"]) and "示例县行政服务中心" in event["LOCATION"], "summary and place"
        expect(other.summary.value, str(event["SUMMARY"]), "summary by the other parser")
        assert duty.display_name in str(event["DESCRIPTION"]), f"{duty.display_name} in {event['DESCRIPTION']}"
        assert duty.display_name in other.description.value, "who, by the other parser"


def post(centre, web, duties):
    compare(centre, told(centre, web, "posts/HALL", len(duties)), duties)


def person(centre, web, duties):
    own = [duty for duty in duties if duty.person == centre.person("L01")]
    assert own and own[0].display_name == NAME, "duties of their own"
    data = told(centre, web, "people/L01", len(own))
    compare(centre, data, own)
    expect(str(icalendar.Calendar.from_ical(data)["NAME"]), f"{NAME} 值班", "name of the calendar")


def unchanged(centre, web):
    with fetch(centre, web, "people/L01") as answer:
        tag = answer.headers["ETag"]
    try:
        fetch(centre, web, "people/L01", {"If-None-Match": tag}).close()
    except urllib.error.HTTPError as error:
        expect(error.code, 304, "status")
        return
    raise AssertionError("sent again")


def lines(centre, web):
    with fetch(centre, web, "posts/HALL") as answer:
        data = answer.read()
    assert data.endswith(b"\r\n") and b"\n" not in data.replace(b"\r\n", b""), "every line ends with CRLF"
    for line in data.split(b"\r\n"):
        assert len(line) <= 75, f"{len(line)} bytes: {line!r}"
        line.decode()
