"""The status page, looked at with a headless Chromium while calls and transfers go through the proxy; and the API that
it reads. With SCREENSHOTS=folder in the environment pictures of it are left there."""

import asyncio
import json
import os
import pathlib
import socket

import pytest

from lab.browser import Browser, BrowserUnavailable
from lab.sip import Replaces
from lab.stub_cluster import REWRITE, Cluster

PAGE = "http://127.0.0.1:8060/"
DRAINED = '\n[[server]]\nname = "pbx-9"\nuri = "sip:127.0.1.9:5060"\nstate = "drain"\n'


def text_of(element):
    return f"return document.getElementById('{element}').innerText"


def contrast(browser, selector):
    """WCAG 2 contrast of an element's text with the nearest ground behind it."""
    return browser.run("""
        const read = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 && n[3] === 0 ? null : n; };
        const node = document.querySelector(arguments[0]);
        let ground = null;
        for (let at = node; at && !ground; at = at.parentElement) ground = read(getComputedStyle(at).backgroundColor);
        const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
        const [a, b] = [light(read(getComputedStyle(node).color)), light(ground ?? [255, 255, 255])].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);""", selector)


async def some_traffic(cluster):
    """A transfer of each kind that the page tells apart, a call that stays up, and something that is no SIP."""
    bob = cluster.phones[0]
    await cluster.transfer(bob, "aor", False, True)
    await (await bob.call("carol", replaces=Replaces("nobody", "a", "b"))).final()
    call, server = await cluster.talk(bob)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"GET / HTTP/1.0\r\n\r\n", cluster.proxy_address)
    return call, server


@pytest.fixture
def browser():
    try:
        with Browser() as browser:
            yield browser
    except BrowserUnavailable as reason:
        pytest.skip(str(reason))


def test_what_the_page_shows(binary, browser):
    def look(server):
        browser.look(1280)
        browser.open(PAGE)
        browser.wait("return document.querySelector('#law-verdict').textContent.startsWith('✓')")
        browser.wait("return document.querySelector('#drops').textContent.includes('not_sip')")
        # Nobody is at the fourth one's address.
        browser.wait("return document.getElementById('state').innerText === '3 of 4 servers up'")
        rows = browser.run("return [...document.querySelectorAll('#servers tr')].map(row => row.innerText)")
        assert [row.split()[0] for row in rows] == ["pbx-1", "pbx-2", "pbx-3", "pbx-9"]
        assert "drain" in rows[3] and "up" in rows[0].split()
        assert browser.run("return document.querySelectorAll('#path svg .node').length") == 6
        assert server.name in browser.run(text_of("path-text"))
        reasons = browser.run(text_of("transfer-reasons"))
        assert "owner" in reasons and "rejected" in reasons
        assert browser.run("return document.querySelectorAll('#transfers rect.block').length") >= 2
        browser.wait("return document.querySelectorAll('#stories summary').length == 2")
        rejected, taken = browser.run("return [...document.querySelectorAll('#stories summary')].map(line => line.innerText)")
        assert "rejected" in rejected and "200 taken over" in taken and "owner → pbx-" in taken
        browser.run("document.querySelectorAll('#stories details')[1].open = true")
        steps = browser.run("return [...document.querySelectorAll('#stories details')[1].querySelectorAll('.steps b')].map(step => step.textContent)")
        assert steps[0] == "REFER" and {"NOTIFY", "INVITE", "200 (INVITE)"} <= set(steps)
        for plot in ("latency", "messages"):
            assert browser.run(f"return document.querySelector('#{plot} path.line').getAttribute('d').length") > 10
        assert "µs" in browser.run(text_of("percentiles"))
        assert int(browser.run(text_of("now-calls"))) >= 1
        assert browser.complaints() == []                      # nothing that its own policy forbids, no script error
        shots = os.environ.get("SCREENSHOTS")
        for width, dark in ((1280, False), (1280, True), (360, False), (360, True)):
            browser.look(width, dark=dark)
            # Nothing stands out of the window, and every text is readable.
            browser.wait(f"return innerWidth === {width} && document.documentElement.scrollWidth <= innerWidth")
            for selector in ("h1", ".hint", "#state", ".badge", "#servers .address", "#law-verdict", "footer a", ".chips li"):
                assert contrast(browser, selector) >= 4.5, (selector, width, dark)
            if shots:
                browser.screenshot(pathlib.Path(shots) / f"{width}-{'dark' if dark else 'light'}.png")

    async def story(cluster):
        call, server = await some_traffic(cluster)
        await asyncio.to_thread(look, server)
        await call.hangup()

    cluster = Cluster(binary, more=REWRITE + DRAINED)
    cluster.phone("bob")
    cluster.run(story, seconds=120)


def test_the_page_without_a_mouse_and_for_a_screen_reader(binary, browser):
    async def story(cluster):
        await some_traffic(cluster)
        await asyncio.to_thread(look)

    def look():
        browser.open(PAGE)
        browser.wait("return document.querySelectorAll('#servers tr').length")
        assert browser.run("return ['header', 'main', 'footer'].every(name => document.querySelector(name))")
        assert browser.run("""return [...document.querySelectorAll('section')].every(section =>
            section.getAttribute('aria-label') || document.getElementById(section.getAttribute('aria-labelledby')))""")
        assert browser.run("return [...document.querySelectorAll('thead th')].every(cell => cell.scope === 'col')")
        assert browser.run("return [...document.querySelectorAll('tbody th')].every(cell => cell.scope === 'row')")
        assert browser.run("return document.querySelectorAll('[aria-live], [role=status]').length") == 1
        assert browser.run("return document.documentElement.lang") == "en"
        browser.press("\ue004")     # Tab: the first stop is the link over the header, and it can be seen
        assert browser.run("return document.activeElement.className") == "skip"
        assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0
        assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"

    cluster = Cluster(binary)
    cluster.phone("bob")
    cluster.run(story, seconds=120)


def test_statistics_are_added_second_by_second(binary):
    def get(cluster, path):
        status, text = cluster.sipsteer.get(path)
        assert status == 200, text
        return json.loads(text)

    async def story(cluster):
        await some_traffic(cluster)
        for _ in range(100):
            first = await asyncio.to_thread(get, cluster, "/api/v1/statistics")
            if first["totals"]["drops"] and sum(first["samples"]["drops"].get("not_sip", [])):
                break
            await asyncio.sleep(0.1)
        totals, samples = first["totals"], first["samples"]
        assert totals["received"] == totals["requests"] + totals["responses"] + totals["invalid"]
        assert totals["drops"] == {"not_sip": 1} and samples["drops"] == {"not_sip": samples["drops"]["not_sip"]}
        assert sum(samples["decisions"]["transfer_owner"]) == totals["decisions"]["transfer_owner"] >= 1
        assert {len(column) for name, column in samples.items() if isinstance(column, list)} == {first["sequence"]}
        servers = {server["name"]: server for server in first["servers"]}
        assert sum(sum(server["answers"]["2xx"]) for server in servers.values()) >= 4
        assert sum(server["calls"][-1] for server in servers.values()) >= 1
        later = await asyncio.to_thread(get, cluster, f"/api/v1/statistics?since={first['sequence']}")
        assert len(later["samples"]["received"]) == later["sequence"] - first["sequence"]
        last = await asyncio.to_thread(get, cluster, "/api/v1/statistics?seconds=1")
        assert len(last["samples"]["received"]) == 1
        for bad in ("since=x", "seconds=0", "seconds=-1"):
            assert (await asyncio.to_thread(cluster.sipsteer.get, f"/api/v1/statistics?{bad}"))[0] == 400

    cluster = Cluster(binary)
    cluster.phone("bob")
    cluster.run(story)
