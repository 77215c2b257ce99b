"""Real Asterisk servers take messages that were padded for a segmented send."""

import asyncio

from test_segments import stopped


def test_asterisk_takes_padded_requests(play):
    """Requests of very different length that one round sends to the same servers: each gets Asterisk's own answer."""
    async def story(scene):
        alice, bob = await scene.phones("alice", "bob")
        with stopped(scene.sipsteer):
            waiting = [asyncio.create_task(alice.request("OPTIONS", alice.uri("bob"), headers=[("X-Fill", "f" * (90 * n))]))
                       for n in range(10)]
            await asyncio.sleep(0.1)
        answers = await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert {answer.status for answer in answers} <= {200, 404}, answers
        talk = await scene.talk(alice, bob)
        await scene.hears({alice: {bob}, bob: {alice}})
        assert await talk.caller.hangup() == 200
    play(story)
