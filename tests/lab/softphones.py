"""Phones that others wrote, driven by their own commands: linphonec over its console, baresip over its control port."""

import asyncio
import json
import pathlib
import re
import shutil
import signal
import tempfile

from .sip import Message, Replaces, escape

STEP_SECONDS = 10


class Softphone:
    """A program in a folder of its own. `output` is all that it printed; `stop` ends it, by its id. By `transport` tls it
    trusts the certificates in the file `ca`, and none else."""

    PROGRAM = None

    def __init__(self, name, host, port, proxy, password=None, transport="udp", ca=None):
        self.name, self.host, self.port, self.proxy, self.password = name, host, port, proxy, password
        self.transport, self.ca = transport, ca
        self.output = ""
        self._process = self._reader = self._folder = None

    @classmethod
    def installed(cls):
        return shutil.which(cls.PROGRAM) is not None

    @property
    def home(self):
        return pathlib.Path(self._folder.name)

    @property
    def proxy_uri(self):
        parameter = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{self.proxy[0]}:{self.proxy[1]}{parameter}"

    async def _launch(self, *arguments):
        self._process = await asyncio.create_subprocess_exec(
            self.PROGRAM, *arguments, cwd=self.home, env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        while data := await self._process.stdout.read(65536):
            self.output += data.decode("utf-8", "replace")

    async def __aenter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix=f"{self.PROGRAM}-")
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, kind, error, trace):
        if kind is not None:
            print(f"---- {self.PROGRAM} {self.name}\n{self.output[-20000:]}")
        await self.stop()

    async def stop(self):
        if self._process:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(self._process.wait(), 5)
                except asyncio.TimeoutError:
                    self._process.kill()
                    await self._process.wait()
            await self._reader
        self._folder.cleanup()

    async def printed(self, pattern, since=0, seconds=STEP_SECONDS):
        """Waits until the output behind `since` matches; returns the match."""
        for _ in range(int(seconds / 0.02)):
            if found := re.search(pattern, self.output[since:], re.S):
                return found
            if self._process.returncode is not None:
                break
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{self.PROGRAM} did not print {pattern!r}:\n{self.output[-3000:]}")


class Linphone(Softphone):
    """linphonec. By TLS it checks who signed the certificate, and not its name: its library knows no addresses there. Calls have the numbers that it prints; incoming ones are answered at once. Refer-To of an attended
    transfer is made from From or To, which have no port: `sip:carol@127.0.0.1?Replaces=` with %3b, from-tag first."""

    PROGRAM = "linphonec"

    async def start(self):
        (self.home / ".local/share/linphone").mkdir(parents=True)
        # The machine has no network that it could watch, and no sound card.
        (self.home / "linphonerc").write_text(f"""
[sip]
sip_port={self.port if self.transport == "udp" else 0}
sip_tcp_port={-1 if self.transport == "tcp" else 0}
sip_tls_port={-1 if self.transport == "tls" else 0}
{f"root_ca={self.ca}" if self.ca else ""}
verify_server_certs=1
verify_server_cn=0
bind_address={self.host}
use_ipv6=0
auto_net_state_mon=0
register_only_when_network_is_up=0
default_proxy=0
[net]
auto_net_state_mon=0
[rtp]
bind_address={self.host}
audio_rtp_port=7078-7178
[video]
capture=0
display=0
automatically_initiate=0
automatically_accept=0
[proxy_0]
reg_proxy=<{self.proxy_uri}>
reg_route=<{self.proxy_uri};lr>
reg_identity=sip:{self.name}@{self.proxy[0]}
reg_expires=300
reg_sendregister={1 if self.password else 0}
quality_reporting_enabled=0
publish=0
""" + (f"[auth_info_0]\nusername={self.name}\npasswd={self.password}\n" if self.password else ""))
        await self._launch("-a", "-c", str(self.home / "linphonerc"))
        await self.printed("linphonec> ")
        await self.command("soundcard use files", "wav files")
        if self.password:
            await self._registered()

    async def _registered(self):
        for _ in range(int(STEP_SECONDS / 0.1)):
            if (await self.command("status register", r"registered(=|, identity)"))[1] != "=":
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("linphonec does not register")

    async def command(self, line, answer):
        """Types a line, and waits for the answer."""
        since = len(self.output)
        self._process.stdin.write(f"{line}\n".encode())
        return await self.printed(answer, since)

    async def call(self, user):
        """Calls somebody; returns the call's number when he has answered."""
        since = len(self.output)
        target = f"sip:{user}@{self.proxy[0]}"
        number = (await self.command(f"call {target}", r"assigned id (\d+)"))[1]
        await self.printed(rf"Call {number} .* connected", since)
        return number

    async def answered(self, since=0):
        """Waits for an incoming call that is up; returns its number."""
        return (await self.printed(r"Call (\d+) with [^\n]* connected", since))[1]

    async def pause(self, number):
        await self.command(f"pause {number}", r"paused")

    async def hang_up(self, number):
        await self.command(f"terminate {number}", rf"Call {number} .* ended")

    async def transfer(self, first, second):
        """Connects the peers of two calls."""
        await self.command(f"transfer {first} --to-call {second}", ".")


class Baresip(Softphone):
    """baresip. Calls are named by their Call-ID. This version has no attended transfer of its own, but takes a Refer-To
    as it is written; what Replaces needs is read from its trace of SIP."""

    PROGRAM = "baresip"
    CONTROL_PORT = 4444

    async def start(self):
        (self.home / "config").write_text(f"""
sip_listen {self.host}:{self.port}
{f"sip_cafile {self.ca}" if self.ca else ""}
net_af ipv4
call_max_calls 8
audio_source aubridge,nobody
audio_player aubridge,nobody
audio_alert aubridge,nobody
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {self.host}:{self.CONTROL_PORT}
""")
        password = f";auth_user={self.name};auth_pass={self.password}" if self.password else ""
        (self.home / "accounts").write_text(
            f'<sip:{self.name}@{self.proxy[0]};transport={self.transport}>;outbound="{self.proxy_uri};lr"'
            f";regint={300 if self.password else 0};answermode=auto;audio_codecs=pcmu{password}\n")
        (self.home / "contacts").write_text("")
        await self._launch("-4", "-s", "-f", str(self.home))
        await self.printed("baresip is ready")
        self._control_in, self._control_out = await asyncio.open_connection(self.host, self.CONTROL_PORT)
        self._events, self._answers = asyncio.Queue(), asyncio.Queue()
        self._listener = asyncio.create_task(self._listen())
        if self.password:
            await self.printed("200 OK")

    async def stop(self):
        if self._process and self._process.returncode is None and hasattr(self, "_control_out"):
            self._listener.cancel()
            self._control_out.close()
        await super().stop()

    async def _listen(self):
        """Netstrings with JSON: answers to commands, and events."""
        while length := await self._control_in.readuntil(b":"):
            message = json.loads(await self._control_in.readexactly(int(length[:-1])))
            await self._control_in.readexactly(1)
            (self._answers if message.get("response") else self._events).put_nowait(message)

    async def command(self, name, parameters=""):
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._control_out.write(f"{len(text)}:".encode() + text + b",")
        return await asyncio.wait_for(self._answers.get(), STEP_SECONDS)

    async def event(self, wanted):
        """The next event that `wanted` is true for; those before it are dropped."""
        async def search():
            while not wanted(event := await self._events.get()):
                pass
            return event
        return await asyncio.wait_for(search(), STEP_SECONDS)

    async def established(self):
        """Waits until a call is up; returns its Call-ID."""
        return (await self.event(lambda event: event.get("type") == "CALL_ESTABLISHED"))["id"]

    async def call(self, user):
        await self.command("dial", f"sip:{user}@{self.proxy[0]}")
        return await self.established()

    async def hang_up(self, call_id):
        """Ends the current call, which must be this one."""
        await self.command("hangup")
        await self.event(lambda event: event.get("type") == "CALL_CLOSED" and event["id"] == call_id)

    def replaces(self, call_id):
        """What names a call that baresip made to its peer, out of the 200 in the trace."""
        for start in re.finditer(r"SIP/2\.0 200 ", self.output):
            head = self.output[start.start():].replace("\r\n", "\n").partition("\n\n")[0]
            lines = [line for line in head.splitlines() if not line.startswith("Content-Length")]
            response = Message.parse("\r\n".join([*lines, "", ""]).encode())
            if response.call_id == call_id and response.cseq[1] == "INVITE":
                return Replaces(call_id, to_tag=response.tag("To"), from_tag=response.tag("From"))
        raise LookupError(f"no 200 for {call_id} in the trace")

    async def transfer(self, first, user, second):
        """Connects the peer of the call `first` with that of `second`, which called `user`."""
        value = escape(str(self.replaces(second)))
        await self.command("callfind", first)      # makes it the current one
        await self.command("transfer", f"sip:{user}@{self.proxy[0]}?Replaces={value}")
