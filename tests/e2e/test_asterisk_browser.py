"""A phone in a web browser, by WebSocket, at real Asterisk servers that know no WebSocket. The browser is a real one."""

import contextlib

import pytest

from lab.browser import Browser, BrowserUnavailable
from lab.scene import password_of
from lab.web_phone import PhonePage, WebPhone
from test_asterisk_streams import streams

WEB = """
[[listener]]
bind = "ws:127.0.0.1:8088"

[[listener]]
bind = "wss:127.0.0.1:8089"
"""
URLS = {"ws": "ws://127.0.0.1:8088", "wss": "wss://127.0.0.1:8089"}


@pytest.fixture(scope="module")
def browser(authority):
    try:
        with Browser(f"--ignore-certificate-errors-spki-list={authority.key_hash('proxy')}") as one:
            yield one
    except BrowserUnavailable as reason:
        pytest.fail(f"no browser: {reason}")


@pytest.fixture(scope="module")
def page():
    with PhonePage() as served:
        yield served


@pytest.fixture(params=URLS)
def play_web(request, play, browser, page, authority):
    """play_web(story): the coroutine `story(scene, erin)`, with erin in the browser, registered."""
    def run(story):
        async def with_erin(scene):
            erin = WebPhone(browser, page, URLS[request.param], "erin", password_of("erin"), "127.0.0.1:5060")
            await erin.open()
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(erin.close)
                assert await erin.register() == 200
                await story(scene, erin)
                received = scene.sipsteer.metrics().by("sipsteer_messages_received_total", "transport")
                assert received[request.param] >= 6, received
        play(with_erin, more=streams(authority, "udp") + WEB)
    return run


def test_calls_both_ways(play_web):
    """A call to it comes by its connection, through either server; it is ended by either side."""
    async def story(scene, erin):
        [alice] = await scene.phones("alice")
        served = set()
        for number in range(8):
            call = await alice.call("erin")
            await call.answered()
            await erin.is_up(number)
            served.add(scene.sipsteer.owner(call.call_id))
            if number % 2:
                await erin.hang_up(number)
                await call.wait_ended()
            else:
                assert await call.hangup() == 200
                await erin.has_ended(number)
        assert await erin.call("alice") == 8
        call = alice.calls[-1]
        await call.answered()
        assert await call.reinvite() == 200
        assert await call.hangup() == 200
        await erin.has_ended(8)
        assert await erin.register(expires=0) == 200
        assert await (await alice.call("erin")).final() >= 400
    play_web(story)


def test_it_transfers(play_web):
    """Who called it is connected with whom it called, over both servers."""
    async def story(scene, erin):
        alice, carol = await scene.phones("alice", "carol")
        await (await alice.call("erin")).answered()
        await erin.is_up(0)
        [first] = [server.name for server in scene.cluster
                   if any(channel["Channel"].startswith("PJSIP/erin-") for channel in server.ami.channels())]
        for number in range(1, 40):
            await erin.call("carol")
            at_carol = await carol.incoming()
            await at_carol.answered()
            if (second := scene.sipsteer.owner(at_carol.call_id)) != first:
                break
            await erin.hang_up(number)
            await at_carol.wait_ended()
        assert (await erin.transfer(0, number)).startswith("SIP/2.0 200")
        await scene.joined(second, "carol", "trunk")
        await erin.has_ended(number)
        await erin.hang_up(0)
        await scene.hears({alice: {carol}, carol: {alice}})
        assert scene.sipsteer.decisions().get("transfer_owner") == 1
    play_web(story)
