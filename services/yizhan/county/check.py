#!/usr/bin/env python3
"""Checks the county's data: shape, references, check characters, sums, dates.

Standard library only. Prints every fault as file:line: what is wrong, and exits 1 if there is any.
"""
import csv
import datetime as dt
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DIVISION = "410223"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REVIEWER = "审批"  # the word in the title of a reviewing officer

HEADERS = {
    "units.csv": "code,name_zh,name_en,short_zh,kind,uscc,phone,supervision_phone,address,reconsideration_body,court",
    "windows.csv": "code,name_zh,name_en,unit,accepts,issues,floor",
    "people.csv": "code,name,unit,rank,title,window,phone",
}
MAY_BE_EMPTY = {"windows.csv": {"unit"}, "people.csv": {"unit", "window"}, "units.csv": set()}
ITEM_FIELDS = (
    "code name_zh name_en unit kind level basic_code implementation_code legal_basis subjects handling "
    "legal_limit_days promised_limit_days joint extension_days supplement_days conditions materials steps fee_fen "
    "fee_basis result_document result_validity_days place open_hours phone supervision_phone special_procedures faq"
).split()
MATERIAL_FIELDS = "code name originals copies required issuer".split()
SUBJECTS = {"NATURAL_PERSON", "ENTERPRISE", "INSTITUTION", "SOCIAL_ORGANISATION", "ADMINISTRATIVE_ORGAN", "OTHER"}
SPECIAL = {"HEARING", "TENDER", "AUCTION", "INSPECTION", "TESTING", "QUARANTINE", "APPRAISAL", "EXPERT_REVIEW"}
SHARES = {
    "supplement": 620, "suspended": 180, "extended": 45, "denied": 60, "withdrawn": 55,
    "terminated": 12, "deemed": 3, "late_promised": 40, "late_legal": 6,
}
HOURS = ["09:00", "10:00", "11:00", "14:30", "15:30", "16:30"]

faults = []


def fault(file, line, message):
    faults.append(f"{file}:{line}: {message}")


# ---- working days of 2016 (State Council notice 国办发明电〔2015〕18号) ----
def days(*spans):
    out = set()
    for first, last in spans:
        day = dt.date(2016, *first)
        while day <= dt.date(2016, *last):
            out.add(day)
            day += dt.timedelta(1)
    return out


OFF = days(((1, 1), (1, 1)), ((2, 7), (2, 13)), ((4, 4), (4, 4)), ((5, 1), (5, 2)),
           ((6, 9), (6, 11)), ((9, 15), (9, 17)), ((10, 1), (10, 7)))
MAKE_UP = {dt.date(2016, *d) for d in ((2, 6), (2, 14), (6, 12), (9, 18), (10, 8), (10, 9))}


def workday(day):
    return day in MAKE_UP or (day.weekday() < 5 and day not in OFF)


def elapsed(received, until):
    """Working days after the day of receipt up to and including `until`."""
    return sum(workday(received + dt.timedelta(n)) for n in range(1, (until - received).days + 1))


# ---- check characters ----
def uscc_ok(code):
    if len(code) != 18 or any(c not in USCC_ALPHABET for c in code):
        return False
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return code[17] == USCC_ALPHABET[(31 - total % 31) % 31]


def organisation_ok(code):
    check = 11 - sum(ORG_ALPHABET.index(c) * w for c, w in zip(code, (3, 7, 9, 10, 5, 8, 4, 2))) % 11
    return code[8] == {10: "X", 11: "0"}.get(check, str(check))


# ---- reading ----
def text_of(file):
    raw = (HERE / file).read_bytes()
    if b"\r" in raw:
        fault(file, raw[: raw.index(b"\r")].count(b"\n") + 1, "carriage return; lines end with LF")
    if not raw.endswith(b"\n"):
        fault(file, raw.count(b"\n") + 1, "no newline at the end")
    return raw.decode("utf-8")


def read_csv(file):
    header = HEADERS[file].split(",")
    reader = csv.reader(text_of(file).splitlines())
    rows, seen = [], {}
    for cells in reader:
        line = reader.line_num
        if line == 1:
            if cells != header:
                fault(file, 1, f"header is not {HEADERS[file]}")
            continue
        if len(cells) != len(header):
            fault(file, line, f"{len(cells)} cells, {len(header)} expected")
            continue
        row = dict(zip(header, cells), line=line)
        for name in header:
            if row[name] != row[name].strip():
                fault(file, line, f"{name} has blanks around it")
            if not row[name] and name not in MAY_BE_EMPTY[file]:
                fault(file, line, f"{name} is empty")
        if row["code"] in seen:
            fault(file, line, f"code {row['code']} already stands on line {seen[row['code']]}")
        seen[row["code"]] = line
        rows.append(row)
    return rows


def no_twins(file):
    def pairs(found):
        names = [k for k, _ in found]
        for name in names:
            if names.count(name) > 1:
                fault(file, 1, f"key {name} stands twice in one object")
        return dict(found)
    return pairs


def read_json(file):
    text = text_of(file)
    try:
        return text, json.loads(text, object_pairs_hook=no_twins(file))
    except json.JSONDecodeError as error:
        fault(file, error.lineno, f"not JSON: {error.msg}")
        return text, None


def line_of(text, needle, after=0):
    at = text.find(needle, after)
    return (text.count("\n", 0, at) + 1, at) if at >= 0 else (1, 0)


def unique(file, rows, field):
    seen = {}
    for row in rows:
        if row[field] in seen:
            fault(file, row["line"], f"{field} {row[field]} already stands on line {seen[row[field]]}")
        seen.setdefault(row[field], row["line"])


# ---- units, windows, people ----
units = read_csv("units.csv")
if [u["code"] for u in units] != [f"{n:03}" for n in range(1, 30)]:
    fault("units.csv", 2, f"codes must be 001 to 029 in order, {len(units)} rows found")
for field in ("name_zh", "name_en", "short_zh", "uscc", "phone", "supervision_phone"):
    unique("units.csv", units, field)
PHONE = re.compile(r"0371-555\d{5}")
for u in units:
    if u["kind"] not in {"AUTHORITY", "EMPOWERED", "ENTRUSTED"}:
        fault("units.csv", u["line"], f"kind {u['kind']} is unknown")
    if not uscc_ok(u["uscc"]):
        fault("units.csv", u["line"], f"uscc {u['uscc']} has a wrong check character")
    elif not organisation_ok(u["uscc"][8:17]):
        fault("units.csv", u["line"], f"uscc {u['uscc']}: the organisation part's check is wrong")
    if u["uscc"][2:8] != DIVISION or u["uscc"][:2] not in {"11", "12"}:
        fault("units.csv", u["line"], f"uscc {u['uscc']} is not of an organ or institution of {DIVISION}")
    for field in ("phone", "supervision_phone"):
        if not PHONE.fullmatch(u[field]):
            fault("units.csv", u["line"], f"{field} {u[field]} is not of the illustrative range 0371-555xxxxx")
unit_by_code = {u["code"]: u for u in units}

windows = read_csv("windows.csv")
unique("windows.csv", windows, "name_zh")
unique("windows.csv", windows, "name_en")
for w in windows:
    if not re.fullmatch(r"[A-Z]\d\d", w["code"]):
        fault("windows.csv", w["line"], f"code {w['code']} is not a letter and two digits")
    if w["unit"] and w["unit"] not in unit_by_code:
        fault("windows.csv", w["line"], f"unit {w['unit']} does not exist")
    if w["accepts"] == w["issues"] == "true":
        fault("windows.csv", w["line"], "a window either accepts or issues, never both")
    if not {w["accepts"], w["issues"]} <= {"true", "false"}:
        fault("windows.csv", w["line"], "accepts and issues are true or false")
    if w["accepts"] == w["issues"] == "false" and not w["code"].startswith("D"):
        fault("windows.csv", w["line"], "only a duty desk (D..) neither accepts nor issues")
    if w["accepts"] == "true" and not w["unit"]:
        fault("windows.csv", w["line"], "an accepting window belongs to a unit")
    if w["floor"] not in {"1", "2", "3"}:
        fault("windows.csv", w["line"], f"floor {w['floor']} does not exist")
window_by_code = {w["code"]: w for w in windows}
accepting = {}
for w in windows:
    if w["accepts"] == "true":
        accepting.setdefault(w["unit"], []).append(w["code"])
if not any(w["issues"] == "true" and not w["unit"] for w in windows):
    fault("windows.csv", 1, "the centre has no issuing window of its own")

people = read_csv("people.csv")
unique("people.csv", people, "name")
unique("people.csv", people, "phone")
for p in people:
    line = p["line"]
    if p["rank"] not in {"HEAD", "DEPUTY", "PARTY_MEMBER", "STAFF", "GOVERNMENT_HEAD"}:
        fault("people.csv", line, f"rank {p['rank']} is unknown")
    if p["unit"] and p["unit"] not in unit_by_code:
        fault("people.csv", line, f"unit {p['unit']} does not exist")
    if p["window"] and p["window"] not in window_by_code:
        fault("people.csv", line, f"window {p['window']} does not exist")
    elif p["window"] and window_by_code[p["window"]]["unit"] != p["unit"]:
        fault("people.csv", line, f"window {p['window']} is not of unit {p['unit'] or '(centre)'}")
    if not PHONE.fullmatch(p["phone"]):
        fault("people.csv", line, f"phone {p['phone']} is not of the illustrative range 0371-555xxxxx")
    shape = (rf"U{p['unit']}-\d\d" if p["unit"] else r"G\d\d" if p["rank"] == "GOVERNMENT_HEAD" else rf"{p['window']}-\d")
    if not re.fullmatch(shape, p["code"]):
        fault("people.csv", line, f"code {p['code']} does not say where the person belongs")
    if p["rank"] != "STAFF" and p["window"]:
        fault("people.csv", line, "a leader does not sit at a window")
    if p["rank"] == "GOVERNMENT_HEAD" and p["unit"]:
        fault("people.csv", line, "a head of the county government belongs to no unit")
    if REVIEWER in p["title"] and p["window"]:
        fault("people.csv", line, "a reviewing officer does not sit at a window")
if sum(p["rank"] == "GOVERNMENT_HEAD" for p in people) != 2:
    fault("people.csv", 1, "two GOVERNMENT_HEAD expected")
for u in units:
    mine = [p for p in people if p["unit"] == u["code"]]
    count = {rank: sum(p["rank"] == rank for p in mine) for rank in ("HEAD", "DEPUTY", "PARTY_MEMBER")}
    if count["HEAD"] != 1 or not 1 <= count["DEPUTY"] <= 2 or not 1 <= count["PARTY_MEMBER"] <= 2:
        fault("units.csv", u["line"], f"unit {u['code']} has leaders {count}")
    if not any(p["rank"] == "STAFF" and REVIEWER in p["title"] for p in mine):
        fault("units.csv", u["line"], f"unit {u['code']} has no reviewing officer")
    if u["code"] not in accepting:
        fault("units.csv", u["line"], f"unit {u['code']} has no accepting window")
for w in windows:
    if not any(p["window"] == w["code"] for p in people):
        fault("windows.csv", w["line"], f"nobody sits at window {w['code']}")

# ---- items ----
text, items = read_json("items.json")
items = items or []
if len(items) != 60:
    fault("items.json", 1, f"{len(items)} items, 60 expected")
codes = [i.get("code", "") for i in items]
if codes != sorted(codes) or len(set(codes)) != len(codes):
    fault("items.json", 1, "items are not sorted by unique code")
if not 2 <= sum(bool(i.get("joint")) for i in items) <= 3:
    fault("items.json", 1, "two or three joint items expected")
seen = {"name_zh": {}, "name_en": {}, "implementation_code": {}}
at = 0
for item in items:
    top, at = line_of(text, f'"code": "{item.get("code")}"', at)

    def bad(field, message):
        fault("items.json", line_of(text, f'"{field}":', at)[0], f"{item.get('code')}: {message}")

    if list(item) != ITEM_FIELDS:
        fault("items.json", top, f"{item.get('code')}: fields are {sorted(set(item) ^ set(ITEM_FIELDS))} off, or out of order")
        continue
    for field, kind in {"legal_limit_days": int, "promised_limit_days": int, "extension_days": int, "supplement_days": int,
                        "fee_fen": int, "result_validity_days": int, "joint": bool, "legal_basis": list, "subjects": list,
                        "conditions": list, "materials": list, "steps": list, "special_procedures": list, "faq": list}.items():
        if type(item[field]) is not kind:
            bad(field, f"{field} is not {kind.__name__}")
        elif kind is int and item[field] < 0:
            bad(field, f"{field} is negative")
    for field in ITEM_FIELDS:
        if isinstance(item[field], str) and field != "fee_basis" and not item[field].strip():
            bad(field, f"{field} is empty")
        if isinstance(item[field], str) and item[field] != item[field].strip():
            bad(field, f"{field} has blanks around it")
    unit = unit_by_code.get(item["unit"])
    if not unit:
        bad("unit", f"unit {item['unit']} does not exist")
        continue
    if not re.fullmatch(rf"{DIVISION}-{item['unit']}-\d{{3}}", item["code"]):
        fault("items.json", top, f"{item['code']}: code is not division-unit-number")
    if item["kind"] != "ADMINISTRATIVE_LICENCE" or item["level"] != "COUNTY":
        bad("kind", "kind or level is wrong")
    if not re.fullmatch(r"[0-9A-Z]{12}", item["basic_code"]):
        bad("basic_code", f"basic code {item['basic_code']} is not 12 characters")
    if item["implementation_code"] != unit["uscc"] + "4" + item["basic_code"]:
        bad("implementation_code", "implementation code is not USCC + 4 + basic code")
    for field, known in seen.items():
        if item[field] in known:
            bad(field, f"{field} is also that of {known[item[field]]}")
        known[item[field]] = item["code"]
    if not item["subjects"] or len(set(item["subjects"])) != len(item["subjects"]) or set(item["subjects"]) - SUBJECTS:
        bad("subjects", f"subjects {item['subjects']} are wrong")
    if len(set(item["special_procedures"])) != len(item["special_procedures"]) or set(item["special_procedures"]) - SPECIAL:
        bad("special_procedures", f"special procedures {item['special_procedures']} are wrong")
    if item["handling"] not in {"INSTANT", "PROMISED"}:
        bad("handling", f"handling {item['handling']} is unknown")
    if item["legal_limit_days"] < 1:
        bad("legal_limit_days", "there is always a legal limit")
    if item["promised_limit_days"] > item["legal_limit_days"]:
        bad("promised_limit_days", "the promised limit exceeds the legal one")
    if (item["handling"] == "INSTANT") != (item["promised_limit_days"] in (0, 1)):
        bad("promised_limit_days", "0 or 1 promised days go with INSTANT, and only with it")
    if item["handling"] == "INSTANT" and (item["special_procedures"] or item["joint"]):
        bad("handling", "an instant item has neither special procedures nor joint handling")
    if item["extension_days"] != (15 if item["joint"] else 10):
        bad("extension_days", "the extension is 10 days, 15 for joint handling")
    if item["joint"] and item["legal_limit_days"] != 45:
        bad("legal_limit_days", "joint handling has 45 days")
    if item["supplement_days"] < 1:
        bad("supplement_days", "the applicant needs days to supplement")
    if bool(item["fee_fen"]) != bool(item["fee_basis"]):
        bad("fee_fen", "a fee needs its basis, and a basis its fee")
    for field in ("legal_basis", "conditions", "steps"):
        if len(item[field]) < (1 if field == "legal_basis" else 2) or not all(isinstance(v, str) and v.strip() for v in item[field]):
            bad(field, f"{field} is too short or has an empty entry")
    if [m.get("code") for m in item["materials"]] != [f"m{n}" for n in range(1, len(item["materials"]) + 1)]:
        bad("materials", "materials are not m1, m2, ...")
    if not 3 <= len(item["materials"]) <= 6:
        bad("materials", f"{len(item['materials'])} materials, 3 to 6 expected")
    if not any(m.get("required") is True for m in item["materials"]):
        bad("materials", "no material is required")
    for m in item["materials"]:
        if list(m) != MATERIAL_FIELDS or not m["name"] or not m["issuer"] or type(m["required"]) is not bool:
            bad("materials", f"material {m.get('code')} is malformed")
        elif type(m["originals"]) is not int or type(m["copies"]) is not int or min(m["originals"], m["copies"]) < 0 or m["originals"] + m["copies"] < 1:
            bad("materials", f"material {m['code']} has wrong counts")
    if len({m.get("name") for m in item["materials"]}) != len(item["materials"]):
        bad("materials", "a material stands twice")
    if len(item["faq"]) > 2 or not all(list(f) == ["q", "a"] and f["q"] and f["a"] for f in item["faq"]):
        bad("faq", "faq is malformed")
    if (item["phone"], item["supervision_phone"]) != (unit["phone"], unit["supervision_phone"]):
        bad("phone", "phones are not the unit's")
    named = re.findall(r"[A-Z]\d\d", item["place"])
    if not named or any(n not in accepting.get(item["unit"], []) for n in named):
        bad("place", f"place names no accepting window of unit {item['unit']}")
    for step in item["steps"]:
        for n in re.findall(r"[A-Z]\d\d(?=窗口)", step):
            if n not in window_by_code:
                bad("steps", f"window {n} does not exist")
            elif step.startswith("送达") and (window_by_code[n]["issues"] != "true" or window_by_code[n]["unit"] not in ("", item["unit"])):
                bad("steps", f"window {n} does not issue for unit {item['unit']}")
            elif step.startswith("受理") and n not in accepting.get(item["unit"], []):
                bad("steps", f"window {n} does not accept for unit {item['unit']}")
for u in units:
    if not any(i.get("unit") == u["code"] for i in items):
        fault("units.csv", u["line"], f"unit {u['code']} has no item")
item_by_code = {i["code"]: i for i in items if list(i) == ITEM_FIELDS}

# ---- the year ----
text, year = read_json("year-2016.json")
year = year or {}


def wrong(key, message):
    fault("year-2016.json", line_of(text, f'"{key}":')[0], message)


expected = ["accepted", "completed", "weights", "month_shape", "hour_shape", "shares", "not_accepted", "fixed_on_spot", "open_at_year_end"]
if list(year) != expected:
    fault("year-2016.json", 1, f"keys are not {expected}")
    year = dict({k: {} for k in expected}, **year)
if (year["accepted"], year["completed"]) != (131565, 131558):
    wrong("accepted", "accepted and completed are not the published figures")
weights = year["weights"]
for code in sorted(set(weights) ^ set(item_by_code)):
    wrong(code if code in weights else "weights", f"{code} stands in only one of weights and items.json")
for code, count in weights.items():
    if type(count) is not int or count < 1:
        wrong(code, f"{code}: {count} is not a positive integer")
if sum(weights.values()) != 131565:
    wrong("weights", f"the weights sum to {sum(weights.values())}, not 131565")
instant = sum(n for code, n in weights.items() if item_by_code.get(code, {}).get("handling") == "INSTANT")
if not 0.70 <= instant / 131565 <= 0.78:
    wrong("weights", f"instant items are {instant / 1315.65:.2f}% of the volume, 70 to 78 expected")
if len(year["month_shape"]) != 12 or any(type(n) is not int or n < 1 for n in year["month_shape"]):
    wrong("month_shape", "twelve positive integers expected")
elif min(year["month_shape"]) != year["month_shape"][1]:
    wrong("month_shape", "February is the lowest month")
if list(year["hour_shape"]) != HOURS or any(type(n) is not int or n < 1 for n in year["hour_shape"].values()):
    wrong("hour_shape", f"hours are not {HOURS} with positive integers")
if year["shares"] != SHARES:
    wrong("shares", f"shares are not {SHARES}")
if year["not_accepted"] != {"not_required": 35, "not_competent": 20}:
    wrong("not_accepted", "not_required 35 and not_competent 20 expected")
if year["fixed_on_spot"] != 210:
    wrong("fixed_on_spot", "210 expected")
promised = {c: i for c, i in item_by_code.items() if i["handling"] == "PROMISED"}
demand = sum(weights.get(c, 0) for c in promised) * SHARES["suspended"] // 10000
if sum(weights.get(c, 0) for c, i in promised.items() if i["special_procedures"]) < 5 * demand:
    wrong("weights", "too few cases of items with special procedures to carry the suspended share")
still_open = year["open_at_year_end"]
if len(still_open) != 7 or year["accepted"] - year["completed"] != len(still_open):
    wrong("open_at_year_end", f"{len(still_open)} open cases, 7 expected")
last, late, at = dt.date(2016, 12, 31), 0, 0
for case in still_open:
    line, at = line_of(text, f'"item": "{case.get("item")}"', max(at, line_of(text, '"open_at_year_end"')[1]))
    if list(case) != ["item", "received_on", "state", "why_zh", "why_en"] or not all(case.values()):
        fault("year-2016.json", line, "an open case has item, received_on, state, why_zh, why_en")
        continue
    item = promised.get(case["item"])
    if not item:
        fault("year-2016.json", line, f"{case['item']} is not a PROMISED item")
        continue
    try:
        received = dt.date.fromisoformat(case["received_on"])
    except ValueError:
        fault("year-2016.json", line + 1, f"{case['received_on']} is not a date")
        continue
    if received.year != 2016 or received.month < 11 or not workday(received):
        fault("year-2016.json", line + 1, f"{received} is not a working day of November or December 2016")
    used = elapsed(received, last)
    if case["state"] not in {"ACCEPTED", "SUSPENDED", "GRANTED"}:
        fault("year-2016.json", line + 2, f"state {case['state']} is unknown")
    if case["state"] == "SUSPENDED" and not item["special_procedures"]:
        fault("year-2016.json", line + 2, f"{case['item']} has no special procedure that could suspend it")
    if case["state"] == "ACCEPTED":
        late += used > item["promised_limit_days"]
        if used > item["legal_limit_days"] + item["extension_days"]:
            fault("year-2016.json", line + 2, f"{used} working days exceed even an extended legal limit")
        if used > item["legal_limit_days"] and "延长" not in case["why_zh"]:
            fault("year-2016.json", line + 2, f"{used} working days exceed the legal limit and no extension is told")
if still_open and not late:
    wrong("open_at_year_end", "no open case is past its promised limit")
for key in ("item", "why_zh"):
    if len({c.get(key) for c in still_open}) != len(still_open):
        wrong("open_at_year_end", f"two open cases share their {key}")
if sum(workday(dt.date(2016, 1, 1) + dt.timedelta(n)) for n in range(366)) != 250:
    fault("check.py", 1, "2016 has 250 working days")

# ---- applicants ----
text, parts = read_json("applicants.json")
parts = parts or {}
for key, least in {"surnames": 60, "given": 120, "enterprise_heads": 10, "enterprise_trades": 40, "enterprise_forms": 5, "towns": 17}.items():
    values, line = parts.get(key, []), line_of(text, f'"{key}":')[0]
    if len(values) < least:
        fault("applicants.json", line, f"{key} has {len(values)} entries, at least {least} expected")
    if len(set(values)) != len(values):
        fault("applicants.json", line, f"{key} repeats {sorted({v for v in values if values.count(v) > 1})}")
    if not all(isinstance(v, str) and re.fullmatch(r"[\u3400-\u9fff]+", v) for v in values):
        fault("applicants.json", line, f"{key} has an entry that is not Chinese text")

if faults:
    print("\n".join(faults))
    print(f"{len(faults)} faults")
    sys.exit(1)
print(f"{len(units)} units, {len(windows)} windows ({sum(map(len, accepting.values()))} accept), {len(people)} people, {len(items)} items, "
      f"{sum(weights.values())} cases ({instant * 10000 // 131565 / 100}% instant), {len(still_open)} open ({late} past the promised limit): all in order")
