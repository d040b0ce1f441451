"""What a browser finds in one report, for reports_vs_others.py: text, figures, requests, paper, names, axe.

All is measured in one chromium through playwright. Everything folded in `<details>` is opened first, in every
report alike, as any reader can with script off; tabs that need script are left as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
POLICIES = {
    "strict": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "jenkins": "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';",
}
LAPSE = 300_000  # milliseconds; the largest rival needs minutes
CLICKS = 60

OPEN = "() => { for (const d of document.querySelectorAll('details')) d.open = true }"
TEXT = r"() => document.body ? document.body.innerText.replace(/\s+/g, ' ').trim() : ''"
POLICY = """() => [...document.querySelectorAll('meta[http-equiv]')]
    .filter(m => m.httpEquiv.toLowerCase() === 'content-security-policy').map(m => m.content)"""
# Everything read from top to bottom, so that what is drawn when it is scrolled to is drawn.
SCROLL = """async () => {
    const step = Math.max(800, document.documentElement.scrollHeight / 60);
    for (let y = 0; y < document.documentElement.scrollHeight; y += step) {
        scrollTo(0, y); await new Promise(done => setTimeout(done, 60));
    }
    scrollTo(0, 0);
}"""
# A figure is a drawing of 100 x 60 pixels or more that can be seen; layers upon one another are one.
# It is painted if it has two inks or more: one that lost its colours shows axes at most.
FIGURES = """() => {
    const boxes = [], found = [];
    for (const e of document.querySelectorAll('svg, img, canvas, object, embed')) {
        if (e.parentElement.closest('svg') || (e.tagName === 'IMG' && !e.naturalWidth)) continue;
        if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
        const r = e.getBoundingClientRect();
        if (r.width < 100 || r.height < 60) continue;
        const [l, t, w, h] = [r.left, r.top + scrollY, r.width, r.height];
        const within = (from, size, at, long) => from >= at - 9 && from + size <= at + long + 9;
        const inside = b => within(l, w, b[0], b[2]) && within(t, h, b[1], b[3]);
        if (boxes.some(inside)) continue;
        boxes.push([l, t, w, h]);
        const said = [];
        for (let n = e, i = 0; n && i < 3; n = n.parentElement, i++) {
            const by = (n.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean);
            said.push(n.getAttribute('alt'), n.getAttribute('aria-label'),
                ...by.map(id => document.getElementById(id)?.textContent));
        }
        said.push(e.querySelector(':scope > title')?.textContent);
        const inks = new Set();
        for (const shape of e.querySelectorAll('path, rect, circle, line, polygon, polyline, use, text')) {
            const style = getComputedStyle(shape);
            for (const ink of [style.fill, style.stroke]) if (ink !== 'none') inks.add(ink);
        }
        const figure = e.closest('figure');
        const name = said.map(one => (one || '').trim()).sort((a, b) => b.length - a.length)[0];
        const caption = !!figure?.querySelector('figcaption'), table = !!figure?.querySelector('table');
        found.push({name, caption, table, painted: e.tagName !== 'svg' || inks.size > 1});
    }
    return found;
}"""
# The median lightness, from 0 to 255, of what lies behind a grid of points.
LIGHTNESS = """() => {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const schemes = getComputedStyle(document.documentElement).colorScheme;
    const paper = dark && schemes.includes('dark') ? 18 : 255, found = [];
    for (let x = 20; x < innerWidth; x += innerWidth / 9)
        for (let y = 20; y < innerHeight; y += innerHeight / 9) {
            let value = paper;
            for (let e = document.elementFromPoint(x, y); e; e = e.parentElement) {
                const n = (getComputedStyle(e).backgroundColor.match(/[\\d.]+/g) || []).map(Number);
                if (n.length && (n.length < 4 || n[3] > 0.5)) { value = (n[0] + n[1] + n[2]) / 3; break; }
            }
            found.push(value);
        }
    return found.sort((a, b) => a - b)[found.length >> 1];
}"""
CLICK = """async (most) => {
    const them = [...document.querySelectorAll('summary, button, [role=tab], .nav-link, .collapsible, th')];
    for (const e of them.filter(e => e.checkVisibility()).slice(0, most)) {
        for (const kind of ['mouseover', 'mouseenter', 'mousemove'])
            e.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
        e.click(); await new Promise(done => setTimeout(done, 30));
    }
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, heard: dict[str, list[str]], **settings: Any) -> Iterator[Page]:
    """Open a file, or an address here; let it draw; note what it asks for and what it says."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **settings)
    context.set_default_timeout(LAPSE)
    context.route(lambda url: not local(url, address), lambda route: route.abort())
    page = context.new_page()

    def answer(dialog: Any) -> None:
        heard.setdefault("dialogs", []).append(dialog.message)
        dialog.dismiss()

    def asked(request: Any) -> None:
        if not local(request.url, address):
            heard.setdefault("requests", []).append(request.url)

    page.on("dialog", answer)
    page.on("request", asked)
    page.on("pageerror", lambda error: heard.setdefault("errors", []).append(str(error)[:200]))
    page.goto(address, wait_until="load")
    page.wait_for_timeout(2_000)
    page.evaluate(OPEN)
    if settings.get("java_script_enabled", True):
        page.evaluate(SCROLL)
        page.wait_for_timeout(2_000)
    yield page
    context.close()


def local(url: str, address: str) -> bool:
    """Return whether a request stays in the page: itself, or data it carries."""
    return url.split("#", maxsplit=1)[0] == address or urlsplit(url).scheme in ("data", "blob", "about")


def text(page: Page) -> str:
    """Return the text that can be seen, frames included."""
    return " ".join(frame.evaluate(TEXT) for frame in page.frames)


def figures(page: Page) -> list[dict[str, Any]]:
    """Return the figures that can be seen, frames included, each with what is said of it."""
    return [one for frame in page.frames for one in frame.evaluate(FIGURES)]


def reading(browser: Browser, address: str, **settings: Any) -> dict[str, Any]:
    """Return what there is to read and to see, and what was asked for."""
    heard: dict[str, list[str]] = {}
    with opened(browser, address, heard, **settings) as page:
        read = text(page)
        return {
            "text": read,
            "characters": len(read),
            "figures": figures(page),
            "policy": page.evaluate(POLICY),
            "wide": page.evaluate("document.documentElement.scrollWidth - innerWidth"),
            **{kind: heard.get(kind, []) for kind in ("requests", "dialogs", "errors")},
        }


def lightness(browser: Browser, address: str) -> dict[str, float]:
    """Return how light the page is for a reader who prefers light, and dark."""
    found = {}
    for scheme in ("light", "dark"):
        with opened(browser, address, {}, color_scheme=scheme) as page:
            found[scheme] = page.evaluate(LIGHTNESS)
    return found


def hostile(browser: Browser, address: str, names: list[str]) -> dict[str, Any]:
    """Return what hostile names do when the page is opened, scrolled, hovered over and clicked."""
    found = reading(browser, address)
    found["shown"] = [name for name in names if name in found["text"]]
    heard: dict[str, list[str]] = {}
    with opened(browser, address, heard) as page:
        found["injected"] = sum(
            f.evaluate("document.querySelectorAll('img[src=x]').length") for f in page.frames
        )
        page.evaluate(CLICK, CLICKS)
        page.wait_for_timeout(1_000)
    found["dialogs"] = heard.get("dialogs", [])
    return found


def paper(browser: Browser, address: str, **settings: Any) -> dict[str, Any]:
    """Print to A4 and return pages, blank pages, bytes and characters of the PDF (poppler reads it)."""
    with opened(browser, address, {}, **settings) as page, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.pdf"
        try:
            page.pdf(path=file, format="A4", print_background=True)
        except Exception as error:  # too long for the browser to print is a finding
            return {"failed": str(error).splitlines()[0][:120]}
        found: dict[str, Any] = {"bytes": file.stat().st_size}
        if not shutil.which("pdfinfo"):
            return found
        said = subprocess.run(["pdfinfo", file], capture_output=True, text=True, check=True).stdout
        found["pages"] = int(re.search(r"Pages:\s+(\d+)", said)[1])  # type: ignore[index]
        read = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
        found["characters"] = len(" ".join(read.split()))
        subprocess.run(["pdftoppm", "-r", "12", "-gray", file, Path(folder) / "p"], check=True)
        found["blank"] = sum(bare(one) for one in Path(folder).glob("p-*.pgm"))
        return found


def bare(picture: Path) -> bool:
    """Return whether a page's picture (PGM, 8 bits) is one flat tone, but for one pixel in a thousand."""
    pixels = picture.read_bytes().split(b"\n", 3)[3]
    usual = max(pixels.count(tone) for tone in set(pixels))
    return usual > 0.999 * len(pixels)


def violations(browser: Browser, address: str, scheme: str = "light") -> dict[str, int]:
    """Return axe's violated rules, each with how many elements violate it."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, address, {}, bypass_csp=True, color_scheme=scheme) as page:
        found = Axe().run(page, options={"resultTypes": ["violations"]})
    return {rule["id"]: len(rule["nodes"]) for rule in found.response["violations"]}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine: /strict/FILE and /jenkins/FILE carry that policy."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def do_GET(self) -> None:
            self.policy, _, rest = self.path.lstrip("/").partition("/")
            self.path = "/" + rest
            super().do_GET()

        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", POLICIES.get(self.policy, ""))
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
