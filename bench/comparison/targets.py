"""The forwarders that are compared, in the order of the table."""

import pathlib

from .target import BUILD, PROXY, REPOSITORY, Target, first_line, servers

BENCH = REPOSITORY / "bench"
NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class Relay(Target):
    middle, modes = "relay", ("calls", "one-way", "rate")

    def __init__(self):
        super().__init__("relay", "bare relay, recvmmsg to sendmmsg, 1 thread, reads no SIP", BUILD / "bench/relay/relay")

    def command(self, home):
        return [self.needs, PROXY, *servers()]

    def version(self):
        return "bench/relay"


class Nginx(Target):
    middle, modes = "relay", ("calls", "one-way", "rate")

    def __init__(self):
        super().__init__("nginx", "nginx stream UDP, 1 worker, reads no SIP", "/usr/sbin/nginx")

    def available(self):
        return super().available() and NGINX_STREAM.exists()

    def command(self, home):
        text = (BENCH / "nginx/stream.conf").read_text().replace("@HOME@", str(home)).replace("@LISTEN@", PROXY)
        lines = "\n".join(f"        server {server};" for server in servers())
        (home / "nginx.conf").write_text(text.replace("@SERVERS@", lines))
        return [self.needs, "-p", str(home), "-c", str(home / "nginx.conf")]

    def version(self):
        return first_line(self.needs, "-v")


class Sipsteer(Target):
    """`more` is appended to its configuration: tables of your own."""

    def __init__(self, name, label, workers=1, more="", server_count=4):
        super().__init__(name, label, BUILD / "sipsteer")
        self._workers, self._more, self._servers = workers, more, servers(server_count)

    def command(self, home):
        text = (f'[process]\nworkers = {self._workers}\nadmin_socket = ""\nkey_file = "cluster.key"\n\n'
                f'[listen]\nudp = ["{PROXY}"]\nhttp = ""\n\n[log]\nlevel = "warning"\n')
        for number, server in enumerate(self._servers, 1):
            text += f'\n[[server]]\nname = "pbx-{number}"\nuri = "sip:{server}"\n'
        (home / "sipsteer.toml").write_text(text + self._more)
        return [self.needs, "run", "-c", str(home / "sipsteer.toml")]

    def version(self):
        return first_line(self.needs, "version")


class Kamailio(Target):
    stop_seconds = 20

    def __init__(self, name, label, script, allocator=None, children=1):
        super().__init__(name, label, "kamailio")
        self._script, self._allocator, self._children = script, allocator, children
        # A hash alone cannot route Replaces; transactions send an INVITE that nobody answers again.
        self.modes = ("calls", "one-way", "rate") if script == "stateless" else ("calls", "transfers", "rate")

    def command(self, home):
        (home / "dispatcher.list").write_text("".join(f"1 sip:{server}\n" for server in servers()))
        command = ["kamailio", "-DD", "-E", "-m", "3000", "-M", "64", "-Y", str(home), "-f",
                   str(BENCH / f"kamailio/{self._script}.cfg"), "-A", f"CHILDREN={self._children}", "-A",
                   f"LISTEN={PROXY}", "-A", f'LIST="{home}/dispatcher.list"']
        return command + (["-X", self._allocator, "-x", self._allocator] if self._allocator else [])

    def version(self):
        return first_line("kamailio", "-v")


def all_targets():
    return [
        Relay(),
        Nginx(),
        Sipsteer("sipsteer", "**sipsteer**, 1 worker"),
        Sipsteer("sipsteer-2", "sipsteer, 2 workers", workers=2),
        Kamailio("kamailio", "Kamailio stateless, tuned: `-X tlsf -x tlsf`, 1 child", "stateless", "tlsf"),
        Kamailio("kamailio-2", "the same, 2 children", "stateless", "tlsf", children=2),
        Kamailio("kamailio-qm", "Kamailio stateless, default allocator, 1 child", "stateless"),
        Kamailio("kamailio-sf", "Kamailio stateful + htable, tuned, 1 child", "stateful", "tlsf"),
        Kamailio("kamailio-sf-qm", "Kamailio stateful + htable, default allocator, 1 child", "stateful"),
    ]
