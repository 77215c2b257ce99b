"""Real servers killed, stopped, restarted and drained under calls: none is placed on a dead one once that is known, and
nothing that a server owns goes astray."""

import asyncio
import json
import os
import signal
import time

from conftest import TRANSFER

CHECKS = TRANSFER + '\n[health]\nprobe_interval = "1s"\n'


class Load:
    """Calls between pairs of phones, one after another, until it is stopped: (when it began, its server or None, how it
    ended) for each."""

    def __init__(self, scene, pairs):
        self.scene, self.pairs, self.calls = scene, pairs, []
        self._going = True
        self._tasks = []

    async def __aenter__(self):
        for number in range(1, self.pairs + 1):
            caller, callee = await self.scene.phones(f"alice{number}", f"bob{number}")
            self._tasks.append(asyncio.create_task(self._keep_calling(caller, callee)))
        return self

    async def __aexit__(self, *_):
        self._going = False
        await asyncio.gather(*self._tasks)

    async def _keep_calling(self, caller, callee):
        while self._going:
            begin, call, server, ended = time.time(), await caller.call(callee.name), None, "silent"
            try:
                await call.answered(3)
                server = self.scene.sipsteer.owner(call.call_id)
                await asyncio.wait_for(call.hangup(), 3)
                ended = "well"
            except TimeoutError:
                pass
            self.calls.append((begin, server, ended))
            await asyncio.sleep(0.05)

    def since(self, begin):
        return [call for call in self.calls if call[0] >= begin]

    async def wait(self, count, seconds=20):
        """What began from now on, once there are so many."""
        begin, deadline = time.time(), time.monotonic() + seconds
        while len(self.since(begin)) < count:
            assert time.monotonic() < deadline, self.since(begin)
            await asyncio.sleep(0.05)
        return self.since(begin)

    async def reaches(self, server):
        """Waits until a call goes to `server`, which may still be taking a small share only; meanwhile all end well."""
        begin = time.time()
        await self.scene.eventually(lambda: any(call[1] == server for call in self.since(begin)),
                                    f"a call goes to {server}", 30)
        assert {call[2] for call in self.since(begin)} == {"well"}


async def wait_state(scene, server, state):
    def asked():
        servers = json.loads(scene.sipsteer.get("/api/v1/servers")[1])["servers"]
        return {one["name"]: one["state"] for one in servers}[server]
    await scene.eventually(lambda: asked() == state, f"{server} is in state {state}")


async def wait_up(scene, server, up, seconds=10):
    return await scene.eventually(lambda: scene.sipsteer.metrics().sum("sipsteer_server_up", server=server) == up,
                                  f"{server} is {'up' if up else 'down'}", seconds)


def test_killed_restarted_drained_and_stopped_under_calls(play, ctl):
    async def story(scene):
        alice, bob, carol = await scene.phones("alice", "bob", "carol")

        def say(*words):
            return asyncio.to_thread(ctl, "-s", scene.sipsteer.admin_socket, *words, timeout=90)

        kept = await scene.talk(alice, bob, on="pbx-1")
        async with Load(scene, 4) as load:
            assert {server for _, server, _ in await load.wait(24)} == {"pbx-1", "pbx-2"}

            scene.cluster["pbx-2"].kill()
            await wait_up(scene, "pbx-2", 0)
            assert {call[1:] for call in await load.wait(24)} == {("pbx-1", "well")}
            await scene.hears({alice: {bob}, bob: {alice}})
            assert await kept.callee.hold() == 200 and await kept.callee.unhold() == 200

            await asyncio.to_thread(scene.cluster["pbx-2"].stop)
            await asyncio.to_thread(scene.cluster["pbx-2"].start)
            await wait_up(scene, "pbx-2", 1)
            await load.reaches("pbx-2")

            # It drains: its own call goes on, and is transferred to the other server's.
            waiting = asyncio.create_task(say("drain", "pbx-1", "--wait", "30s"))
            await wait_state(scene, "pbx-1", "drain")
            since = time.time()
            second = await scene.talk(bob, carol)
            assert second.server == "pbx-2"
            assert await kept.callee.refer_attended(second.caller) == 200
            await scene.hears({alice: {carol}, carol: {alice}, bob: set()})
            assert {call[1:] for call in load.since(since)} <= {("pbx-2", "well")}
            await kept.callee.hangup()      # as a phone does behind its transfer
            assert not waiting.done()
            await kept.caller.hangup()
            done = await waiting
            assert done.returncode == 0, done.stderr + scene.sipsteer.get("/api/v1/servers")[1]
            assert (await say("ready", "pbx-1")).returncode == 0
            await load.reaches("pbx-1")

            pid = scene.cluster["pbx-1"].pid
            os.kill(pid, signal.SIGSTOP)
            try:
                await wait_up(scene, "pbx-1", 0)
                assert {call[1:] for call in await load.wait(16)} == {("pbx-2", "well")}
            finally:
                os.kill(pid, signal.SIGCONT)
            await wait_up(scene, "pbx-1", 1)
    play(story, more=CHECKS, seconds=150)
