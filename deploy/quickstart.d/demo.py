#!/usr/bin/python3
"""The quickstart's play: two servers, sipsteer before them, three phones, a transfer across the servers.

Started by deploy/quickstart, which installs and builds first."""

import argparse
import asyncio
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests")]

from asterisk_play import AsteriskPlay                  # noqa: E402
from lab.sipsteer import Sipsteer, cluster_config       # noqa: E402
from ports import free_network, free_port               # noqa: E402
from stand_in_play import StandInPlay                   # noqa: E402
from terminal import Names, heading, paint, print_messages, say   # noqa: E402


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Results:
    """Counts the steps; each is printed with its outcome as it ends."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    async def step(self, title, coroutine):
        """Runs one step. Returns its result, or None when it failed; the steps after that are skipped."""
        if self.failed:
            coroutine.close()
            self.skipped += 1
            say(f"  {paint('SKIP', 'yellow')}  {title}: an earlier step failed")
            return None
        try:
            result = await asyncio.wait_for(coroutine, 60)
        except Exception as error:      # whatever it was: it is this step's failure
            self.failed += 1
            say(f"  {paint('FAIL', 'red')}  {title}: {error or type(error).__name__}")
            return None
        self.passed += 1
        say(f"  {paint('PASS', 'green')}  {title}")
        return result


def picture(play, proxy):
    middle = f"--  sipsteer {proxy[0]}:{proxy[1]}  --"
    gap = " " * len(middle)
    first, second = (f"{server.name}  {server.address}:{server.port}  ({play.kind})" for server in play.servers)
    say(f"""
      alice  --.{gap}.--  {first}
      bob    --+{middle}+
      carol  --'{gap}'--  {second}""")


def what_next(sipsteer, proxy, play):
    ctl = f"build/sipsteerctl -s {sipsteer.admin_socket}"
    heading("It is all still running. What to try:")
    say(f"  status page       http://{sipsteer.http}/")
    say(f"  its counters      curl -s http://{sipsteer.http}/metrics | grep decisions")
    say(f"  its servers       {ctl} servers")
    say(f"  why, for any one  {ctl} explain < message.txt")
    say(f"  all its config    {sipsteer.config_file}")
    for line in play.hints(proxy):
        say(f"  {line}")
    say("  your own servers  deploy/asterisk/README.md")
    say(paint("  Ctrl-C ends everything.", "bold"))


async def perform(play, sipsteer, proxy, names, once):
    results = Results()
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    for number in ENDING_SIGNALS:
        loop.add_signal_handler(number, me.cancel)

    def show(events):
        print_messages(events, names)

    async with play.on_stage(sipsteer):
        await play.perform(results, show)
        heading("Verdict")
        say(f"  {paint('PASS', 'green') if not results.failed else paint('FAIL', 'red')}: "
            + ("calls on both servers, and a transfer across them, all through sipsteer" if not results.failed else
               "see the step above, and the logs below"))
        if results.failed:
            say(f"---- sipsteer\n{sipsteer.log_tail(30)}")
            play.print_logs()
        say(f"  status page: http://{sipsteer.http}/")
        if not once:
            what_next(sipsteer, proxy, play)
        say(str(results))
        if not once:
            try:
                await play.keep_alive()
            except asyncio.CancelledError:
                pass      # Ctrl-C: the way this ends
            say("\nended.")
            say(str(results))
    return 1 if results.failed else 0


def main():
    parser = argparse.ArgumentParser(prog="quickstart")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--stand-ins", action="store_true")
    options = parser.parse_args()
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.default_int_handler)      # also where a script started us with SIGINT ignored

    proxy = ("127.0.0.1", free_port("127.0.0.1", 5060))
    http = f"127.0.0.1:{free_port('127.0.0.1', 8060)}"
    servers_network = free_network(1, (5060, 5038), (1, 2))
    phones_network = free_network(2, range(5100, 5102), range(1, 5))
    if proxy[1] != 5060:
        say(f"    port 5060 of 127.0.0.1 is taken: sipsteer uses {proxy[1]}")
    if not http.endswith(":8060"):
        say(f"    port 8060 of 127.0.0.1 is taken: the status page is at http://{http}/")
    if servers_network != "127.0.1":
        say(f"    127.0.1.1 and 127.0.1.2 are taken: the servers use {servers_network}.1 and .2")

    play = (StandInPlay if options.stand_ins else AsteriskPlay)(proxy, servers_network, phones_network)
    names = Names({f"{proxy[0]}:{proxy[1]}": "sipsteer", **play.names()})
    try:
        with play:
            servers = "".join(f'[[server]]\nname = "{server.name}"\nuri = "sip:{server.address}:{server.port}"\n'
                              f"{play.server_lines(server)}\n" for server in play.servers)
            config = cluster_config([], listen=f"{proxy[0]}:{proxy[1]}", http=http, more=servers + play.configuration())
            with Sipsteer(config) as sipsteer:
                sipsteer.wait_servers_up(len(play.servers))
                picture(play, proxy)
                return asyncio.run(perform(play, sipsteer, proxy, names, options.once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("\nended before the verdict.")
        say("0 passed, 1 failed, 0 skipped")
        return 130
    except Exception as error:
        say(f"  {paint('FAIL', 'red')}  starting: {error}")
        say("0 passed, 1 failed, 0 skipped")
        return 1


if __name__ == "__main__":
    sys.exit(main())
