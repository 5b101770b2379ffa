"""A headless Chromium and what one wants to know of a page of `iopt report` in it."""
import base64
import json
import os
import re
import shutil
import time

try:
    from selenium import webdriver
    from selenium.common.exceptions import JavascriptException, WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    missing = None
except ImportError as problem:
    missing = f"{problem} (Debian: python3-selenium)"

# Local: nothing of it leaves the machine. (Chromium asks its maker for updates unless told not to.)
ALLOWED = re.compile(r"^(file|data|blob|about|chrome|devtools|chrome-extension):")
ARGUMENTS = ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--no-first-run", "--disable-extensions", "--mute-audio",
             "--force-color-profile=srgb", "--font-render-hinting=none",
             # one page after the other: no new process for each, none kept for going back to it
             "--renderer-process-limit=1", "--process-per-site", "--in-process-gpu",
             "--disable-features=BackForwardCache,SpareRendererForSitePerProcess,Translate,MediaRouter")
# What an empty field looks like when nobody thought of it.
BAD_WORDS = re.compile(r"\b(NaN|undefined|Infinity|\[object \w+\])")


class Unavailable(Exception):
    """Why there is no browser to test with."""


class Browser:
    def __init__(self, downloads):
        if missing:
            raise Unavailable(missing)
        options = webdriver.ChromeOptions()
        for argument in ARGUMENTS:
            options.add_argument(argument)
        if os.geteuid() == 0:  # its sandbox refuses root
            options.add_argument("--no-sandbox")
        options.add_experimental_option("prefs", {"download.default_directory": downloads})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = shutil.which("chromedriver")
        if not driver:  # Selenium would go and download one
            raise Unavailable("no chromedriver (Debian: chromium-driver)")
        try:
            self.driver = webdriver.Chrome(options=options, service=Service(driver))
        except (WebDriverException, OSError) as problem:
            raise Unavailable(f"{problem} (Debian: chromium, chromium-driver)".replace("\n", " ")) from problem
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=downloads)

    def quit(self):
        self.driver.quit()

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def js(self, script, *arguments):
        return self.run(self.driver.execute_script, script, arguments)

    def js_async(self, script, *arguments):
        return self.run(self.driver.execute_async_script, script, arguments)

    def run(self, how, script, arguments):
        try:
            return how(script, *arguments)
        except JavascriptException as problem:
            raise AssertionError(problem.msg.splitlines()[0]) from None

    # -- opening

    def open(self, path, width=1440, height=900, dark=False):
        self.size(width, height)
        self.media(dark=dark)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get("file://" + os.path.abspath(path))

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if self.driver.current_url.startswith("file:"):  # charts follow a frame later
            self.js_async("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));")

    def media(self, dark=False, media=""):
        self.cdp("Emulation.setEmulatedMedia", media=media,
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    # -- looking

    def console(self):
        """Every line of the console since the page was opened."""
        return [f"{line['level']}: {line['message']}" for line in self.driver.get_log("browser")]

    def requests(self):
        """Whatever the page asked for that is not in it."""
        found = []
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not ALLOWED.match(url):
                    found.append(url)
        return found + [u for u in self.js("return performance.getEntriesByType('resource').map(e => e.name)")
                        if not ALLOWED.match(u)]

    def draw_all(self):
        """Unfold and draw what waits for somebody to scroll to it."""
        self.js("for (const d of document.querySelectorAll('details')) d.open = true;"
                "for (const f of FIGURES) { try { if (!f.chart) draw(f); } catch (problem) {"
                "console.error(f.spec.id, problem.stack); } }")

    def sections(self):
        return self.js("return [...document.querySelectorAll('main section')].map(s => s.id)")

    def text(self):
        return self.js("return document.body.innerText")

    def chart_texts(self):
        """What is written in the charts: titles, ticks, labels."""
        return self.js("""
            const texts = [];
            for (const f of FIGURES) {
              if (!f.chart)
                continue;
              for (const scale of Object.values(f.chart.scales)) {
                texts.push(...scale.ticks.flatMap(t => t.label), scale.options.title && scale.options.title.text);
              }
              texts.push(...f.chart.data.datasets.map(d => d.label), ...(f.chart.data.labels || []).flat());
            }
            return texts.filter(t => t !== null && t !== undefined && t !== '').map(String);""")

    def bad_words(self):
        found = []
        for text in [self.text()] + self.chart_texts():
            found += [text[max(0, m.start() - 60):m.end() + 30] for m in BAD_WORDS.finditer(text)]
        return found

    def too_wide(self):
        """Elements that make the page scroll sideways; none where it does not."""
        return self.js("""
            const limit = document.documentElement.clientWidth;
            if (Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) <= limit)
              return [];
            const clips = e => getComputedStyle(e).overflowX !== 'visible';
            const clipped = e => e && (clips(e) || clipped(e.parentElement));
            const wide = [...document.body.querySelectorAll('*')].filter(e => !clipped(e.parentElement) &&
              (e.getBoundingClientRect().right > limit + 1 || !clips(e) && e.scrollWidth > e.clientWidth + 1 &&
              e.clientWidth && e.getBoundingClientRect().left + e.scrollWidth > limit + 1));
            return ['page: ' + document.documentElement.scrollWidth].concat(
              wide.filter(e => !wide.some(o => o !== e && e.contains(o))).slice(0, 9)
                .map(e => `${e.tagName}.${e.className} in ${(e.closest('figure') || e.closest('section') || e).id}: ` +
                  e.textContent.trim().slice(0, 50)));""")

    def picture(self, path, whole=True):
        """A screenshot of all of the page."""
        if whole:
            height = self.js("return document.documentElement.scrollHeight")
            width = self.js("return window.innerWidth")
            self.size(width, min(height, 16000))
            time.sleep(0.3)
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"]))

    def pdf(self):
        return base64.b64decode(self.cdp("Page.printToPDF", printBackground=True)["data"])

    # -- doing

    def hover(self, canvas, x, y):
        """Move the mouse to a point of an element, counted from its upper left corner."""
        self.js("arguments[0].scrollIntoView({block: 'center'})", canvas)
        box = self.js("const r = arguments[0].getBoundingClientRect(); return [r.left, r.top]", canvas)
        for dx in (-2, 0):
            self.cdp("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + x + dx, y=box[1] + y)

    def click(self, element):
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def find(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)
