"""`sipsteerctl drain`, `maint` and `ready` under calls: no new ones there, what is owned goes on, transfers are found."""

import asyncio
import json
import time

from lab.stub_cluster import REWRITE, Cluster

FAST = REWRITE + '\n[health]\nprobe_interval = "1s"\n'


def states_of(sipsteer):
    servers = json.loads(sipsteer.get("/api/v1/servers")[1])["servers"]
    return {server["name"]: (server["state"], server["state_source"]) for server in servers}


def test_drain_under_calls(binary, ctl):
    """Calls keep coming while a server drains; one of its calls is transferred, and it returns with the end of the last."""
    async def story(cluster):
        alice, erin = cluster.phones

        def say(*words):
            return asyncio.to_thread(ctl, "-s", cluster.sipsteer.admin_socket, *words)

        call, owner = await cluster.talk(alice)
        kept, _ = await cluster.talk(alice, not_on=next(s for s in cluster.servers if s is not owner))
        while cluster.server_of(kept) is not owner:
            kept, _ = await cluster.talk(alice)
        short = await say("drain", owner.name, "--wait", "300ms")
        assert short.returncode == 3, short.stdout + short.stderr
        assert short.stdout.startswith(f"{owner.name} drain, ") and "still has" in short.stderr
        since = time.time()
        waiting = asyncio.create_task(say("drain", owner.name, "--wait", "30s"))
        for _ in range(5):
            calls = await asyncio.gather(*(alice.call("carol") for _ in range(12)))
            for one in calls:
                await one.answered()
                assert cluster.server_of(one) is not owner
            for one in calls:
                await one.hangup()
        assert not owner.heard_invites(since)
        # What it owns goes on, transfers too.
        assert await call.hold() == 200 and await call.unhold() == 200
        taking = await erin.call("carol", replaces=call.replaces())
        await taking.answered()
        assert cluster.server_of(taking) is owner
        await call.wait_ended()
        assert not waiting.done()
        await taking.hangup()
        await kept.hangup()
        for one in alice.calls:
            await one.hangup()
        done = await waiting
        assert done.returncode == 0, done.stderr
        assert (await say("ready", owner.name)).stdout == f"{owner.name} ready, 0 calls\n"
        for _ in range(60):
            if owner.heard_invites(time.time() - 1):
                break
            await (await (await alice.call("carol")).answered()).hangup()
        else:
            raise AssertionError("ready, but no call goes there")
        unknown = await say("drain", "pbx-9")
        assert unknown.returncode == 1 and "no such server" in unknown.stderr
    cluster = Cluster(binary, more=FAST)
    cluster.phone("alice")
    cluster.phone("erin")
    cluster.run(story)


def test_a_drain_that_is_taken_back(binary, ctl):
    async def story(cluster):
        alice, = cluster.phones

        def say(*words):
            return asyncio.to_thread(ctl, "-s", cluster.sipsteer.admin_socket, *words)
        call, owner = await cluster.talk(alice)
        waiting = asyncio.create_task(say("drain", owner.name, "--wait", "30s"))
        while (await asyncio.to_thread(states_of, cluster.sipsteer))[owner.name][0] != "drain":
            await asyncio.sleep(0.05)
        await say("ready", owner.name)
        taken_back = await waiting
        assert taken_back.returncode == 1 and "does not drain any more" in taken_back.stderr
        await call.hangup()
    cluster = Cluster(binary, more=FAST)
    cluster.phone("alice")
    cluster.run(story)


def test_states_last_over_reloads(binary, ctl):
    """Until `ready` or the next word; a state of the file is overruled by `ready`, until the file says the same."""
    async def story(cluster):
        sipsteer = cluster.sipsteer

        def say(*words):
            answer = ctl("-s", sipsteer.admin_socket, *words)
            assert answer.returncode == 0, answer.stderr
            return answer.stdout

        def steps():
            text = sipsteer.config_file.read_text()
            drained = text.replace('name = "pbx-3"', 'name = "pbx-3"\nstate = "drain"')
            say("drain", "pbx-1")
            say("maint", "pbx-2")
            sipsteer.config_file.write_text(drained)
            assert say("reload") == "pbx-3 state ready -> drain\n"
            assert states_of(sipsteer) == {"pbx-1": ("drain", "operator"), "pbx-2": ("maint", "operator"),
                                           "pbx-3": ("drain", "config")}
            say("ready", "pbx-1")
            say("ready", "pbx-3")
            say("reload")
            assert states_of(sipsteer) == {"pbx-1": ("ready", "config"), "pbx-2": ("maint", "operator"),
                                           "pbx-3": ("ready", "operator")}
            sipsteer.config_file.write_text(text)
            say("reload")
            assert states_of(sipsteer)["pbx-3"] == ("ready", "config")
            table = say("servers").splitlines()
            assert table[0].split()[:6] == ["NAME", "ADDRESS", "GROUP", "STATE", "FROM", "UP"]
            assert table[2].split()[3:5] == ["maint", "operator"]
            assert sipsteer.get("/api/v1/servers/pbx-1/maint")[0] == 404, "not over TCP"
            say("ready", "pbx-2")
        await asyncio.to_thread(steps)
        await cluster.phones[0].options("sip:127.0.0.1:5060")
    cluster = Cluster(binary, more=FAST)
    cluster.phone("alice")
    cluster.run(story)


def test_a_whole_cluster_in_maintenance_is_not_ready(binary, ctl):
    """Every new call is refused then, and whoever asks hears of it. Draining servers are up: their calls go on."""
    async def story(cluster):
        alice, = cluster.phones

        async def all_are(word):
            for server in cluster.servers:
                await asyncio.to_thread(ctl, "-s", cluster.sipsteer.admin_socket, word, server.name)
            await asyncio.sleep(0.2)
            ready, _ = await asyncio.to_thread(cluster.sipsteer.get, "/ready")
            return ready, await alice.options("sip:127.0.0.1:5060")
        assert await all_are("drain") == (200, 200)
        assert await all_are("maint") == (503, 503)
        call = await alice.call("carol")
        assert await call.final() == 503
        assert await all_are("ready") == (200, 200)
    cluster = Cluster(binary, more=FAST)
    cluster.phone("alice")
    cluster.run(story)


def test_maintenance(binary, ctl):
    """No new calls, no transfers, no OPTIONS; what runs goes on."""
    async def story(cluster):
        alice, erin = cluster.phones

        def say(*words):
            return asyncio.to_thread(ctl, "-s", cluster.sipsteer.admin_socket, *words)
        call, owner = await cluster.talk(alice)
        await say("maint", owner.name)
        await asyncio.sleep(0.3)
        since = time.time()
        for _ in range(10):
            other, server = await cluster.talk(erin)
            assert server is not owner
            await other.hangup()
        refused = await erin.call("carol", replaces=call.replaces())
        assert await refused.final() == 481
        assert await call.hold() == 200
        await asyncio.sleep(2.2)
        heard = {message.method for when, way, _, message in owner.endpoint.log
                 if way == "<-" and when > since and not message.is_response}
        assert heard <= {"INVITE", "ACK"}, heard      # the re-INVITE
        assert await call.hangup() == 200
        await say("ready", owner.name)
        await asyncio.sleep(0.2)
        assert any(message.method == "OPTIONS" for when, _, _, message in owner.endpoint.log
                   if when > since and not message.is_response), "asked at once"
    cluster = Cluster(binary, more=FAST)
    cluster.phone("alice")
    cluster.phone("erin")
    cluster.run(story)
