"""Looks at every page in Debian's Chromium, as people and screen readers do.

    python tests/browser/run.py --program target/debug/examples/board --chromium /usr/bin/chromium

Starts the pages over a year of figures and publications and opens each of them in Chinese and English, on a desk and on
a telephone. axe-core must find nothing serious or critical; nothing may be fetched from elsewhere, forbidden by the
policy, told on the console or wider than the screen; a page stays below 100 KiB; the tabulator reaches everything there
is to act on; a page prints. Screenshots go to target/browser/. Prints every step, and `N passed, N failed` at the end.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SHOTS = pathlib.Path("target/browser")
SCREENS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 740}}
HEAVIEST = 100 << 10
ATOM = "{http://www.w3.org/2005/Atom}"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
# Name, address, and what the answer is.
PAGES = [
    ("home", "/", 200),
    ("columns", "/columns", 200),
    ("column", "/columns/guides", 200),
    ("guide", "/publications/001-2016-00001", 200),
    ("notice", "/publications/003-2016-00202", 200),
    ("partly", "/publications/005-2016-00203", 200),
    ("decisions", "/publications/012-2016-00201", 200),
    ("withdrawn", "/publications/003-2016-00204", 410),
    ("guides", "/guides?subject=person", 200),
    ("windows", "/windows", 200),
    ("track", "/track", 200),
    ("receipt", "/receipt", 200),
    ("search", "/search?q=办事", 200),
    ("nothing-found", "/search?q=没有的词", 200),
    ("no-page", "/no/such/page", 404),
    ("board", "/board", 200),
    ("board-unit", "/board/units/001", 200),
    ("board-item", "/board/items/410223-001-001", 200),
    ("board-week", "/board/units/001?week=2016-W10", 200),
    ("board-disclosure", "/board/disclosure", 200),
    ("screen", "/screen", 200),
    ("roster", "/roster", 200),
    ("circulars", "/circulars", 200),
    ("sign-in", "/sign-in", 200),
]
# What staff look at, once in Chinese on a desk: their boards are long.
STAFF = ["board", "board-unit", "board-item", "board-week", "board-disclosure", "screen", "roster", "circulars", "sign-in"]
# The tabulator's way through these is gone to its end.
TABBED = ["home", "search", "track", "guide"]
PRINTED = ["guide", "decisions", "roster"]

# What a page has to act on by the keyboard; what is hidden is no matter.
REACHABLE = """() => {
  const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']");
  return [...all].filter((it) => it.getClientRects().length && !it.disabled).length;
}"""


class Steps:
    """Prints each step and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def step(self, name, faults):
        if faults:
            self.failed += 1
            print(f"FAIL {name}: " + "; ".join(faults), flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)


class Watch:
    """Hears everything that a page does."""

    def __init__(self, page, origin):
        self.faults, self.expected = [], 200
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda request: self.request(request, origin))

    def console(self, message):
        # Chromium tells on the console that a page which is asked for is not there.
        known = self.expected != 200 and f"status of {self.expected}" in message.text
        if message.type in ("error", "warning") and not known:
            self.faults.append(f"console: {message.text}")

    def request(self, request, origin):
        if not request.url.startswith((origin, "data:")):
            self.faults.append(f"asks for {request.url}")

    def take(self):
        faults, self.faults = self.faults, []
        return faults


def violations(page):
    found = Axe().run(page).response["violations"]
    grave = [it for it in found if it["impact"] in ("serious", "critical")]
    return [f"{it['id']} ({it['impact']}): {it['nodes'][0]['html'][:120]}" for it in grave]


def looked_at(page, watch, origin, name, address, status, screen):
    """Opens a page, and says what is wrong with it."""
    watch.expected = status
    answer = page.goto(origin + address, wait_until="load")
    faults = [] if answer.status == status else [f"answers {answer.status}"]
    weight = len(answer.body())
    if weight >= HEAVIEST:
        faults.append(f"weighs {weight} bytes")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        faults.append(f"is {wide} pixels wider than the screen")
    faults += violations(page)
    page.screenshot(path=SHOTS / f"{name}-{screen}.png", full_page=True)
    return faults + watch.take()


def tabbed(page, origin, address):
    """Whether the tabulator reaches everything, once each, and one sees where it is."""
    page.goto(origin + address, wait_until="load")
    there = page.evaluate(REACHABLE)
    page.evaluate("document.activeElement.blur()")
    reached, unseen = set(), []
    for _ in range(there + 5):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => {
              const it = document.activeElement;
              if (it === document.body) return null;
              const all = [...document.querySelectorAll("*")];
              const seen = getComputedStyle(it).outlineStyle !== "none" || it.classList.contains("skip");
              return [all.indexOf(it), seen, it.outerHTML.slice(0, 80)];
            }"""
        )
        if where is None or where[0] in reached:
            break
        reached.add(where[0])
        if not where[1]:
            unseen.append(where[2])
    faults = [] if len(reached) >= there else [f"reaches {len(reached)} of {there}"]
    return faults + [f"no focus to see on {it}" for it in unseen[:3]]


def received(page, watch, origin):
    """A receipt whose proof is to come, and one that is proved: looked at, printed on A5, downloaded."""
    faults = []
    for name, code, says in [("fresh", "CODE42", "证明将在一分钟内生成"), ("proved", "CODE43", "证明全文")]:
        watch.expected = 200
        page.goto(origin + "/receipt")
        page.get_by_label("办件编号").fill("410223-012-20160301-000001-1")
        page.get_by_label("查询码").fill(code)
        page.get_by_role("button", name="打开回执").click()
        page.wait_for_load_state()
        if says not in page.inner_text("main") or "?" in page.url:
            faults.append(f"{name}: does not say {says}")
        faults += violations(page)
        page.screenshot(path=SHOTS / f"receipt-{name}.png", full_page=True)
        page.pdf(path=SHOTS / f"receipt-{name}.pdf", format="A5")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载证明").click()
    told = pathlib.Path(download.value.path()).read_text("utf-8")
    if not told.startswith("c2sp.org/tlog-proof@v1\n"):
        faults.append(f"the file says {told[:40]}")
    return faults + watch.take()


def tracked(page, watch, origin):
    """A case found, and one that is not there."""
    faults = []
    for name, code, says, status in [("found", "CODE42", "审查中", 200), ("not-found", "WRONG1", "没有", 404)]:
        watch.expected = status
        page.goto(origin + "/track")
        page.get_by_label("办件编号").fill("410223-012-20160301-000001-1")
        page.get_by_label("查询码").fill(code)
        page.get_by_role("button", name="查询", exact=True).click()
        page.wait_for_load_state()
        if says not in page.inner_text("main") or "CODE42" in page.content() or "?" in page.url:
            faults.append(f"{name}: does not say {says}")
        faults += violations(page)
        page.screenshot(path=SHOTS / f"track-{name}.png", full_page=True)
    return faults + watch.take()


def printed(page, origin, name, address):
    page.goto(origin + address, wait_until="load")
    pdf = page.pdf(path=SHOTS / f"{name}.pdf", prefer_css_page_size=True)
    return [] if pdf.startswith(b"%PDF") and len(pdf) > 10_000 else ["no PDF"]


def without_scripts(browser, origin):
    """A page is whole without scripts, and searching works."""
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(origin + "/")
    page.fill("#q", "户口")
    page.press("#q", "Enter")
    page.wait_for_url("**/search?*")
    found = page.locator(".publications li").count()
    context.close()
    return [] if found else ["nothing was found"]


def followed(page, origin):
    """What other programs read: a feed, a map, and files."""
    faults = []
    feed = xml.etree.ElementTree.fromstring(page.request.get(origin + "/feed.atom").body())
    entries = feed.findall(f"{ATOM}entry")
    required = ["id", "title", "updated", "author", "link"]
    if not entries or any(entry.find(ATOM + name) is None for entry in entries for name in required):
        faults.append("the feed lacks what RFC 4287 demands")
    sitemap = page.request.get(origin + "/sitemap.xml").text()
    for address in re.findall("<loc>([^<]*)</loc>", sitemap)[:20]:
        if not page.request.get(address).ok:
            faults.append(f"{address} is on the map and not there")
    return faults


def look(browser, steps, origin):
    for screen, viewport in SCREENS.items():
        context = browser.new_context(viewport=viewport, locale="zh-CN", device_scale_factor=1)
        page = context.new_page()
        watch = Watch(page, origin)
        for name, address, status in PAGES:
            for lang in ("zh", "en"):
                if name in STAFF and (screen, lang) != ("desk", "zh"):
                    continue
                there = address + ("" if lang == "zh" else ("&" if "?" in address else "?") + "lang=en")
                shot = f"{name}-{lang}"
                steps.step(f"{screen}: {there}", looked_at(page, watch, origin, shot, there, status, screen))
        context.close()
    page = browser.new_context(viewport=SCREENS["desk"], locale="zh-CN").new_page()
    watch = Watch(page, origin)
    for name, address, _ in PAGES:
        if name in TABBED:
            steps.step(f"by keyboard: {address}", tabbed(page, origin, address))
        if name in PRINTED:
            steps.step(f"printed: {address}", printed(page, origin, name, address))
    steps.step("a case is tracked", tracked(page, watch, origin))
    steps.step("a receipt is opened", received(page, watch, origin))
    steps.step("a feed and a map are followed", followed(page, origin))
    steps.step("without scripts", without_scripts(browser, origin))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--program", required=True)
    arguments.add_argument("--chromium", required=True)
    told = arguments.parse_args()
    SHOTS.mkdir(parents=True, exist_ok=True)
    steps = Steps()
    program = subprocess.Popen([told.program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        origin = program.stdout.readline().strip().removesuffix("/board")
        assert origin.startswith("http://"), "the pages did not open"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=told.chromium, args=FLAGS)
            look(browser, steps, origin)
            browser.close()
    finally:
        program.terminate()
        program.wait(10)
    print(f"{steps.passed} passed, {steps.failed} failed")
    sys.exit(1 if steps.failed else 0)


if __name__ == "__main__":
    main()
