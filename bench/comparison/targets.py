"""The forwarders that are compared, in the order of the table."""

import os
import pathlib
import subprocess

from .certificate import certificate
from .target import BUILD, PROXY, REPOSITORY, Target, first_line, servers, uri

BENCH = REPOSITORY / "bench"
# The generator's servers come and go with each run; questions to them would be answered by nobody in between.
HEALTH = '\n[health]\nprobe_interval = "0"\n'
NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class Relay(Target):
    middle, modes, wires = "relay", ("calls", "one-way", "rate"), ("udp", "tcp")

    def __init__(self, name, label, program, wire):
        super().__init__(name, label, BUILD / "bench/relay" / program, wire)

    def command(self, home):
        return [self.needs, PROXY, *servers()]

    def version(self):
        return "bench/relay"


class Nginx(Target):
    middle, modes, wires = "relay", ("calls", "one-way", "rate"), ("udp", "tcp")

    def __init__(self, wire):
        super().__init__("nginx", f"nginx stream {wire.upper()}, 1 worker, reads no SIP", "/usr/sbin/nginx", wire)

    def missing(self):
        return super().missing() or (None if NGINX_STREAM.exists() else f"there is no {NGINX_STREAM}")

    def command(self, home):
        text = (BENCH / "nginx/stream.conf").read_text().replace("@HOME@", str(home))
        text = text.replace("@LISTEN@", PROXY + (" udp rcvbuf=4m sndbuf=4m" if self.wire == "udp" else ""))
        lines = "\n".join(f"        server {server};" for server in servers())
        (home / "nginx.conf").write_text(text.replace("@SERVERS@", lines))
        return [self.needs, "-p", str(home), "-c", str(home / "nginx.conf")]

    def version(self):
        return first_line(self.needs, "-v")


class Sipsteer(Target):
    """`process` is put into its table of that name; `more` is appended to the configuration: tables of your own."""

    def __init__(self, name, label, workers=1, process="", more="", server_count=4, wire="udp"):
        super().__init__(name, label, os.environ.get("SIPSTEER", BUILD / "sipsteer"), wire)
        self._workers, self._more_process = workers, process
        self._more, self._servers = more, servers(server_count)

    def command(self, home):
        text = (f'[process]\nworkers = {self._workers}\nadmin_socket = ""\nkey_file = "cluster.key"\n{self._more_process}\n'
                f'[listen]\n{self.wire} = ["{PROXY}"]\nhttp = ""\n\n[log]\nlevel = "warning"\n')
        for number, server in enumerate(self._servers, 1):
            text += f'\n[[server]]\nname = "pbx-{number}"\nuri = "{uri(server, self.wire)}"\n'
        if "[health]" not in self._more:
            text += HEALTH
        if self.wire == "tls":
            text += '\n[tls]\ncertificate = "{0}"\nprivate_key = "{1}"\nca = "{0}"\n'.format(*certificate(home))
        (home / "sipsteer.toml").write_text(text + self._more)
        return [self.needs, "run", "-c", str(home / "sipsteer.toml")]

    def version(self):
        return first_line(self.needs, "version")


class PlainSipsteer(Sipsteer):
    """Each datagram by a send of its own: what the default is compared with."""

    wires = ("udp",)

    def __init__(self, wire):
        super().__init__("sipsteer-plain", 'sipsteer, 1 worker, `segment = "off"`', process='segment = "off"\n', wire=wire)

    def missing(self):
        if super().missing():
            return super().missing()
        keys = subprocess.run([self.needs, "config", "--default"], capture_output=True, text=True)
        return None if "#segment" in keys.stdout else "it has no key process.segment"


class Kamailio(Target):
    stop_seconds = 20

    def __init__(self, name, label, script, allocator=None, children=1, wire="udp"):
        super().__init__(name, label, "kamailio", wire)
        self._script, self._allocator, self._children = script, allocator, children
        # A hash alone cannot route Replaces; transactions send an INVITE that nobody answers again.
        self.modes = ("calls", "one-way", "rate") if script == "stateless" else ("calls", "transfers", "rate")

    def command(self, home):
        (home / "dispatcher.list").write_text("".join(f"1 {uri(server, self.wire)}\n" for server in servers()))
        command = ["kamailio", "-DD", "-E", "-m", "3000", "-M", "64", "-Y", str(home), "-f",
                   str(BENCH / f"kamailio/{self._script}.cfg"), "-A", f"CHILDREN={self._children}", "-A",
                   f"LISTEN={self.wire}:{PROXY}", "-A", f'LIST="{home}/dispatcher.list"']
        if self.wire != "udp":
            command += ["-A", "WITH_TCP"]
        if self.wire == "tls":
            names = zip(("CERTIFICATE", "PRIVATE_KEY"), certificate(home))
            command += ["-A", "WITH_TLS", *(word for name, path in names for word in ("-A", f'{name}="{path}"'))]
        return command + (["-X", self._allocator, "-x", self._allocator] if self._allocator else [])

    def version(self):
        return first_line("kamailio", "-v")


def relays(wire):
    if wire != "udp":
        return [Relay("relay", "byte relay, read to write, 1 thread, reads nothing", "byte_relay", wire)]
    # The second: what is left for reading, deciding and writing.
    return [Relay("relay", "bare relay, recvmmsg to sendmmsg, 1 thread, reads no SIP", "relay", wire),
            Relay("relay-padding", "the same with sipsteer's segmented sends", "padding_relay", wire)]


def all_targets(wire="udp"):
    found = [
        *relays(wire),
        Nginx(wire),
        Sipsteer("sipsteer", "**sipsteer**, 1 worker", wire=wire),
        PlainSipsteer(wire),
        Sipsteer("sipsteer-2", "sipsteer, 2 workers", workers=2, wire=wire),
        Kamailio("kamailio", "Kamailio stateless, tuned: `-X tlsf -x tlsf`, 1 child", "stateless", "tlsf", wire=wire),
        Kamailio("kamailio-2", "the same, 2 children", "stateless", "tlsf", children=2, wire=wire),
        Kamailio("kamailio-qm", "Kamailio stateless, default allocator, 1 child", "stateless", wire=wire),
        Kamailio("kamailio-sf", "Kamailio stateful + htable, tuned, 1 child", "stateful", "tlsf", wire=wire),
        Kamailio("kamailio-sf-qm", "Kamailio stateful + htable, default allocator, 1 child", "stateful", wire=wire),
    ]
    return [target for target in found if wire in target.wires]
