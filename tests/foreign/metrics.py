"""What Prometheus reads: by its own checker, against what the API says, and against the operator's list in deploy/README.md."""

import datetime
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

from centre import METRICS, PATIENCE, expect, until

README = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "README.md"
# Of the process itself, by names that are Prometheus' own.
COMMON = ("process_", "target_info")
SAMPLE = re.compile(r"(?P<name>[a-z_:][a-z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def drive(steps, public, program, division, promtool):
    text = steps.step("/metrics counts what the API counts", counted, public, program, division)
    if not text:
        return
    steps.step("promtool finds nothing to say", checked, text, promtool)
    steps.step("what it tells is in the operator's list, and names nobody", listed, text)
    steps.step("the pages' port has no /metrics, and its own port no page", apart, program)


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        expect(answer.headers["content-type"].split(";")[0], "text/plain", "content type")
        return answer.read().decode()


def samples(text):
    """Name, labels and value of every line that is no comment."""
    found = [SAMPLE.match(line) for line in text.splitlines() if line and not line.startswith("#")]
    assert all(found), "a line that is no sample"
    return [(one["name"], dict(LABEL.findall(one["labels"] or "")), float(one["value"])) for one in found]


def counted(public, program, division):
    year = datetime.date.today().year
    period = {"first": f"{year}-01-01", "last": f"{year}-12-31"}
    asked = {"parent": f"divisions/{division}", "period": period}
    names = {"received": "received", "accepted": "accepted", "completed": "completed", "open": "open", "granted": "granted"}

    def same():
        total = public.call(METRICS, "GetFigures", asked).total
        assert total.accepted > 0, "a case was driven, and is not counted"
        of = {name: value for name, labels, value in samples(scrape(program.metrics)) if labels.get("division") == division}
        return all(of.get(f"yizhan_cases_{name}") == getattr(total, field) for name, field in names.items())

    until("the figures of /metrics", same)
    return scrape(program.metrics)


def checked(text, promtool):
    check = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    said = check.stdout + check.stderr
    assert check.returncode == 0 and not said.strip(), said


def listed(text):
    known = set(re.findall(r"^\| `([a-z_]+)` \|", README.read_text(), re.MULTILINE))
    told = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    strange = {name for name in told if not name.startswith(COMMON)} - known
    assert not strange, f"not in deploy/README.md: {sorted(strange)}"
    for name in ("yizhan_cases_overdue", "yizhan_journal_entries", "rpc_server_call_duration_seconds"):
        assert name in told, f"{name} is not told"
    for name, labels, _ in samples(text):
        assert "people/" not in str(labels) and "cases/" not in str(labels), f"{name} names somebody: {labels}"


def apart(program):
    for port, path in ((program.web, "/metrics"), (program.metrics, "/board")):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:
            expect(error.code, 404, "status")
        else:
            raise AssertionError(f"{path} on port {port} was answered")
