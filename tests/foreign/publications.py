"""A publication from its draft to the public, its file, its place in the search, and the Atom feed, read by a parser that
knows nothing of us."""

import hashlib
import json
import time
import urllib.error
import urllib.request

import feedparser

from centre import DIRECTORY, METRICS, PATIENCE, Centre, expect, is_chinese, request_id, until
from client import Refused
from life import to_json

PUBLICATIONS = "yizhan.disclosure.v1.PublicationService"
COLUMNS = "yizhan.disclosure.v1.ColumnService"
FILES = "yizhan.disclosure.v1.FileService"
# All that has to be escaped in a feed.
TITLE = "关于<城区>供水 & 值班的\"公告\""
TEXT = "停水安排：三月五日，全天。\n".encode()


def drive(steps, public, door, web):
    centre = Centre(public, door, "410226")

    def step(name, action, *arguments):
        return steps.step(f"disclosure: {name}", action, *arguments)

    step("a division, a unit and its people", people, centre)
    step("the columns and what each requires come with the suite", columns, centre)
    draft = step("a draft is written, and a file added to it", drafted, centre)
    if not draft:
        return
    step("what must be refused is, with a reason", refused, centre, draft)
    step("nobody but the division sees it", hidden, centre, draft)
    publication = step("it is checked, reviewed by another, approved and published", published, centre, draft)
    if not publication:
        return
    step("the public reads it without anybody's name", read, centre, publication)
    step("a word of two characters finds it, inside longer words too", searched, centre, publication)
    step("its file comes out as it went in", downloaded, centre, publication)
    step("the Atom feed tells it to a reader", feed, centre, web, publication)
    step("the page and its JSON are there", pages, centre, web, publication)
    step("corrected: both editions are told", corrected, centre, publication)
    step("withdrawn: it is found no more, and its place says why", withdrawn, centre, web, publication)
    step("the figures agree once they have followed", figures, centre)


def name_of(message, field):
    """The name of an enum's value, without what all of them begin with."""
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    names = [value.name for value in kind.values]
    prefix = names[0].removesuffix("UNSPECIFIED")
    return kind.values_by_number[getattr(message, field)].name.removeprefix(prefix)


def people(centre):
    centre.division_and_unit()
    centre.windows_and_people()
    manager = {"name": centre.person("M01"), "display_name": "某M01", "rank": "RANK_STAFF"}
    request = {"parent": centre.division, "people": [manager], "request_id": request_id()}
    expect(centre.client.call(DIRECTORY, "ImportDirectory", request).created, 1, "created")


def columns(centre):
    listed = centre.client.call(COLUMNS, "ListColumns", {"parent": centre.division}).columns
    codes = {column.name.rsplit("/")[-1]: column for column in listed}
    assert "notices" in codes and "guides" in codes, f"columns {sorted(codes)}"
    assert all(is_chinese(column.title_zh) and column.title_en for column in listed), "in both languages"
    lists = centre.client.call(COLUMNS, "ListRequirements", {"parent": centre.division}).requirements
    assert len(lists) >= 15 and all(one.elements and one.basis for one in lists), "lists with elements and a basis"


def content(centre, **more):
    return {
        "unit": centre.unit,
        "column": f"{centre.division}/columns/notices",
        "title": TITLE,
        "summary": "城区管网检修，分片停水。",
        "formed_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600)),
        "document_number": "示公告〔2026〕1号",
        "body": "因管网检修，三月五日**停水**一天。\n\n申请行政许可证的，窗口照常办理。",
        "subjects": ["person"],
        **more,
    }


def drafted(centre):
    author = centre.person("C01")
    request = {"parent": centre.division, "content": content(centre), "author": author, "request_id": request_id()}

    def try_it():
        # Disclosure learns of units and people from the directory's journal, a moment after the directory has answered.
        try:
            return centre.client.call(PUBLICATIONS, "CreatePublication", request)
        except Refused as refusal:
            assert refusal.reason in ("UNIT_NOT_FOUND", "PERSON_NOT_FOUND"), refusal
            return None

    draft = until("unit and people reach disclosure", try_it)
    expect((name_of(draft, "standing"), name_of(draft.draft, "state")), ("UNPUBLISHED", "DRAFT"), "standing")
    assert draft.index_number.startswith("410226-012-"), draft.index_number
    again = centre.client.call(PUBLICATIONS, "CreatePublication", request)
    expect(again.name, draft.name, "the same request acts once")
    kept = centre.client.call(FILES, "UploadFile", upload(centre, draft, TEXT))
    expect((kept.file_name, kept.size_bytes), ("安排.txt", len(TEXT)), "file")
    return draft


def upload(centre, draft, data, **more):
    header = {
        "parent": draft.name,
        "file_name": "安排.txt",
        "media_type": "text/plain",
        "sha256": to_json(hashlib.sha256(data).digest()),
        "size_bytes": len(data),
        "title": "停水安排",
        "clerk": centre.person("C01"),
        "request_id": request_id(),
        **more,
    }
    return [{"header": header}, {"chunk": to_json(data)}]


def refused(centre, draft):
    clerk, other = centre.person("C01"), centre.person("D01")
    step = {"name": draft.name, "clerk": clerk, "request_id": request_id()}
    secret = content(centre, title="机密★10年 关于供水的报告")
    future = content(centre, formed_on="2999-01-01", column=f"{centre.division}/columns/none")
    new = {"parent": centre.division, "author": clerk}
    told = [
        (PUBLICATIONS, "PublishPublication", step, "DRAFT_STATE"),
        (PUBLICATIONS, "CheckPublication", {**step, "etag": "no-etag-of-it"}, "ETAG_STALE"),
        (PUBLICATIONS, "CheckPublication", {**step, "clerk": other}, "PERSON_UNIT"),
        (PUBLICATIONS, "WithdrawPublication", {**step, "reason": "误"}, "NOT_PUBLIC"),
        (PUBLICATIONS, "CreatePublication", {**new, "content": secret}, "SECRECY_MARKING"),
        (PUBLICATIONS, "CreatePublication", {**new, "content": future}, "FIELD_INVALID"),
        (FILES, "UploadFile", upload(centre, draft, b"%PDF-1.4\nnothing"), "FILE_TYPE"),
        (FILES, "UploadFile", upload(centre, draft, b"<svg/>", media_type="image/svg+xml"), None),
        (FILES, "UploadFile", upload(centre, draft, TEXT, file_name="../安排.txt"), "FIELD_INVALID"),
    ]
    for service, method, request, reason in told:
        if isinstance(request, dict):
            request = {**request, "request_id": request_id()}
        told = centre.client.refusal(service, method, request)
        expect((told.reason, told.locale), (reason or told.reason, "zh-CN"), method)
        assert is_chinese(told.localized) and not is_chinese(told.message), f"{method}: Chinese beside English"


def hidden(centre, draft):
    stranger = centre.client.public.tried(PUBLICATIONS, "GetPublication", {"name": draft.name})
    expect(getattr(stranger, "reason", None), "PUBLICATION_NOT_FOUND", "to a stranger")
    clerk = centre.client.person(centre.person("C01"))
    seen = clerk.call(PUBLICATIONS, "GetPublication", {"name": draft.name})
    expect(seen.draft.content.title, TITLE, "to the clerk")
    inbox = centre.client.call(PUBLICATIONS, "ListInbox", {"parent": centre.unit}).entries
    assert draft.name in [entry.publication.name for entry in inbox], "in the unit's inbox"


def change(centre, method, name, who, **more):
    role = {"ReviewPublication": "reviewer", "ApprovePublication": "leader", "CorrectPublication": "author"}
    request = {"name": name, role.get(method, "clerk"): centre.person(who), "request_id": request_id(), **more}
    return centre.client.call(PUBLICATIONS, method, request)


def published(centre, draft):
    checked = change(centre, "CheckPublication", draft.name, "C01").draft
    expect(name_of(checked, "state"), "CHECKED", "state")
    found = checked.conformance
    expect(found.score, found.said * 100 // found.required, "percent, truncated")
    assert all(is_chinese(one.message_zh) and one.message_en for one in found.findings), "findings in both languages"
    own = {"name": draft.name, "reviewer": centre.person("C01"), "disposal": "DISPOSAL_DISCLOSE"}
    told = centre.client.refusal(PUBLICATIONS, "ReviewPublication", {**own, "request_id": request_id()})
    expect(told.reason, "AUTHOR_REVIEWS", "one's own")
    change(centre, "ReviewPublication", draft.name, "C02", disposal="DISPOSAL_DISCLOSE")
    change(centre, "ApprovePublication", draft.name, "H01", below_bar_reason="先行公开")
    done = change(centre, "PublishPublication", draft.name, "C01")
    expect((name_of(done, "standing"), done.edition.number), ("PUBLIC", 1), "standing and edition")
    assert done.edition.on_time and done.edition.due_on, "within its clock"
    return done


def read(centre, publication):
    seen = centre.client.public.call(PUBLICATIONS, "GetPublication", {"name": publication.name})
    expect((seen.edition.content.title, seen.edition.number), (TITLE, 1), "title and edition")
    for name in ("author", "reviewer", "leader", "publisher"):
        expect(getattr(seen.edition, name), "", name)
    assert not seen.HasField("draft"), "no draft"
    # The gateway's own public door, by a selection.
    selection = {"column": "notices", "unit": "012"}
    listed = centre.client.call(PUBLICATIONS, "ListPublished", {"parent": centre.division, "selection": selection})
    expect([one.name for one in listed.publications], [publication.name], "listed")


def found(centre, query):
    request = {"parent": centre.division, "query": query}
    return [one.name for one in centre.client.call(PUBLICATIONS, "SearchPublished", request).publications]


def searched(centre, publication):
    for query in ("停水", "供水", "许可", "行政许可证", "停水 管网"):
        expect(found(centre, query), [publication.name], query)
    for query in ("地震", "停水 地震"):
        expect(found(centre, query), [], query)
    for query in ('"停水', "停水*", "NEAR(停水)", "停水 OR 地震", "'; DROP TABLE shown; --"):
        # Whatever it finds, it is a word and no command.
        centre.client.call(PUBLICATIONS, "SearchPublished", {"parent": centre.division, "query": query})


def downloaded(centre, publication):
    file = publication.edition.content.files[0]
    parts = list(centre.client.public.call(FILES, "DownloadFile", {"name": file.name}))
    expect(parts[0].file.title, "停水安排", "what it is called")
    expect(b"".join(part.chunk for part in parts[1:]), TEXT, "bytes")


def fetch(web, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{web}{path}", timeout=PATIENCE) as answer:
        return answer.read(), answer.headers


def feed(centre, web, publication):
    division = centre.division.split("/")[1]
    data, headers = fetch(web, f"/feed.atom?division={division}")
    assert headers["Content-Type"].startswith("application/atom+xml"), headers["Content-Type"]
    read = feedparser.parse(data)
    assert not read.bozo, read.get("bozo_exception")
    expect(read.version, "atom10", "what it is")
    assert read.feed.title and read.feed.id and read.feed.updated_parsed, "title, id and time"
    entries = [entry for entry in read.entries if publication.name.rsplit("/")[-1] in entry.link]
    expect(len(entries), 1, "entries of it")
    expect(entries[0].title, TITLE, "title")
    published = publication.edition.published_at.ToDatetime().timetuple()
    expect(tuple(entries[0].published_parsed)[:5], tuple(published)[:5], "when it was published")
    ids = [entry.id for entry in read.entries]
    expect(len(set(ids)), len(ids), "ids")


def pages(centre, web, publication):
    division, last = centre.division.split("/")[1], publication.name.rsplit("/")[-1]
    data, headers = fetch(web, f"/publications/{last}?division={division}")
    text = data.decode()
    assert "关于&#60;城区&#62;供水" in text and "<城区>" not in text, "the title as text"
    assert publication.index_number in text and "<strong>停水</strong>" in text, "index number and Markdown"
    assert "default-src 'none'" in headers["Content-Security-Policy"], "policy"
    data, _ = fetch(web, f"/publications/{last}.json?division={division}")
    assert TITLE in json.dumps(json.loads(data), ensure_ascii=False).replace('\\"', '"'), "title in JSON"


def corrected(centre, publication):
    request = {"reason": "更正停水时间", "content": content(centre, body="三月六日停水一天，管网检修。")}
    begun = change(centre, "CorrectPublication", publication.name, "C01", **request)
    expect((name_of(begun, "standing"), begun.edition.number), ("PUBLIC", 1), "public still")
    change(centre, "CheckPublication", publication.name, "C01")
    change(centre, "ReviewPublication", publication.name, "C02", disposal="DISPOSAL_DISCLOSE")
    change(centre, "ApprovePublication", publication.name, "H01", below_bar_reason="先行公开")
    change(centre, "PublishPublication", publication.name, "C01")
    seen = centre.client.public.call(PUBLICATIONS, "GetPublication", {"name": publication.name, "edition": 1})
    expect((seen.edition.number, seen.edition.correction), (2, "更正停水时间"), "edition and why")
    expect([(one.number, one.content.title) for one in seen.before], [(1, TITLE)], "the edition before")
    expect((found(centre, "许可"), found(centre, "六日")), ([], [publication.name]), "found by its new words alone")


def withdrawn(centre, web, publication):
    change(centre, "WithdrawPublication", publication.name, "C01", reason="内容重复")
    expect(found(centre, "停水"), [], "found")
    seen = centre.client.public.call(PUBLICATIONS, "GetPublication", {"name": publication.name})
    expect((name_of(seen, "standing"), seen.withdrawal.reason), ("WITHDRAWN", "内容重复"), "standing and why")
    assert not seen.edition.content.title and not seen.withdrawal.by, "no text and nobody's name"
    division, last = centre.division.split("/")[1], publication.name.rsplit("/")[-1]
    try:
        fetch(web, f"/publications/{last}?division={division}")
    except urllib.error.HTTPError as error:
        expect(error.code, 410, "status")
        assert "内容重复" in error.read().decode(), "why"
        return
    raise AssertionError("its page is there still")


def figures(centre):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    request = {"parent": centre.division, "period": {"first": day, "last": day}, "group_by": "GROUP_BY_COLUMN"}

    def followed():
        answer = centre.client.call(METRICS, "GetDisclosureFigures", request)
        return answer if answer.total.withdrawn else None

    answer = until("the gateway follows", followed)
    row = next(row for row in answer.rows if row.key == "notices")
    expect((row.published, row.corrected, row.withdrawn, row.on_time), (1, 1, 1, 2), "figures")
    expect((row.on_time_rate.numerator, row.on_time_rate.denominator), (2, 2 + row.overdue), "on time")
    assert is_chinese(row.label_zh) and row.label_en, "the column's name"
    # The page was looked at; that is counted a few seconds later.
    until("the views", lambda: centre.client.call(METRICS, "GetDisclosureFigures", request).total.views >= 1)
