"""Real Asterisk servers on loopback, many out of one root, each with its own folders, address and configuration.

They run on the kit in deploy/asterisk: only its marked values are filled in, and the phones are put beside it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from .ami import Ami, AmiError

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KIT = REPOSITORY / "deploy" / "asterisk"

# Loading these alone takes a second off the start, and keeps the network out of it.
_MODULES = """
    app_dial app_echo app_playback app_stack app_exec
    bridge_builtin_features bridge_builtin_interval_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
    chan_bridge_media chan_pjsip codec_ulaw codec_alaw codec_a_mu codec_resample format_pcm
    func_callerid func_channel func_hangupcause func_logic func_strings func_uri func_global func_dialplan func_pjsip_endpoint
    func_pjsip_aor func_pjsip_contact pbx_config
    res_pjproject res_sorcery_astdb res_sorcery_config res_sorcery_memory res_timing_timerfd res_rtp_asterisk res_srtp
    res_musiconhold res_http_websocket
    res_pjsip res_pjsip_session res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest
    res_pjsip_caller_id res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info res_pjsip_empty_info
    res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_logger
    res_pjsip_nat res_pjsip_path res_pjsip_pubsub res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326
    res_pjsip_transport_websocket res_pjsip_sdp_rtp res_pjsip_acl res_pjsip_mwi res_pjsip_mwi_body_generator
""".split()


# Not root, and nobody's number on either side of the chroot: Debian's `asterisk` in there may be somebody else out here.
_UID = 50600


class AsteriskUnavailable(Exception):
    """There is no root of this version and none can be made; the text says why."""


def asterisk_root(version):
    """Path of a root with Asterisk `version` (16 or 22), made on the first call. Raises AsteriskUnavailable."""
    script = REPOSITORY / "deploy" / "lib" / "asterisk_root.sh"
    done = subprocess.run([script, str(version)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise AsteriskUnavailable((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return pathlib.Path(done.stdout.strip())


def fill_in(text, values):
    """Puts the marked values into a file of the kit; a mark that is left over is an error."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    left = [line for line in text.splitlines() if re.search(r"@[A-Z_]{3,}@", line) and not line.startswith(";")]
    if left:
        raise ValueError(f"the kit has a mark that nobody fills in: {left[0]}")
    return text


def phone_config(name, contact=None, password=None):
    """Entries of pjsip_phones.conf for one phone: with a fixed contact URI, or one that registers."""
    lines = [f"[{name}](phone)", f"aors={name}"]
    lines += [f"auth={name}"] if password else []
    if contact:
        contact = contact.replace(";", "\\;")      # else the rest is a comment
    lines += [f"[{name}](phone-aor)"] + ([f"contact={contact}"] if contact else [])
    if password:
        lines += [f"[{name}](phone-auth)", f"username={name}", f"password={password}"]
    return "\n".join(lines) + "\n"


class AsteriskServer:
    """One Asterisk. `phones` is the text of its pjsip_phones.conf; `edit`, if given, takes (file name, text) of each file of
    the kit and returns the text to use. `namespace` is a NetworkNamespace, or None for the one we are in. `transport` is how
    it and the proxy talk; for TLS `authority` (lab.certificates) makes its certificate."""

    START_SECONDS = 15

    def __init__(self, root, address, proxy, phones="", port=5060, name=None, edit=None, namespace=None,
                 ami_port=5038, transport="udp", authority=None):
        self.root = pathlib.Path(root)
        self.transport, self._authority = transport, authority
        self.address, self.port, self.proxy = address, port, proxy
        self.name, self._ami_port = name or address, ami_port
        self._phones, self._edit, self._namespace = phones, edit, namespace
        self._process = self._home = self._ami = None

    @property
    def uri(self):
        parameter = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:{self.address}:{self.port}{parameter}"

    @property
    def pid(self):
        return self._process.pid if self._process else None

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def ami(self):
        """A connection to this server's manager interface, opened at the first use."""
        if self._ami is None:
            self._ami = Ami(self.address, self._ami_port)
        return self._ami

    # -- files ---------------------------------------------------------------------------------

    def _write_configuration(self):
        inside = "/" + str(self._home.relative_to(self.root))
        modules = next(self.root.glob("usr/lib/**/asterisk/modules/res_pjsip.so")).parent   # 22: in a multiarch folder
        folders = {"etc": "etc", "varlib": "lib", "db": "lib", "key": "lib", "agi": "lib", "spool": "spool",
                   "run": "run", "log": "log"}
        for folder in set(folders.values()):
            (self._home / folder).mkdir()
        directories = "".join(f"ast{key}dir = {inside}/{folder}\n" for key, folder in folders.items())
        files = {
            "asterisk.conf": f"[directories]\nastmoddir = /{modules.relative_to(self.root)}\n"
                             f"astdatadir = /usr/share/asterisk\n{directories}"
                             f"[options]\nsystemname = {self.name}\nverbose = 0\ndebug = 0\nnofork = yes\nnocolor = yes\n",
            "modules.conf": "[modules]\nautoload = no\n" + "".join(
                f"load = {name}.so\n" for name in _MODULES if (modules / f"{name}.so").exists()),
            "logger.conf": "[general]\ndateformat = %H:%M:%S.%3q\n[logfiles]\nmessages = notice,warning,error,verbose(3)\n",
            "manager.conf": f"[general]\nenabled = yes\nbindaddr = {self.address}\nport = {self._ami_port}\n"
                            "[lab]\nsecret = lab\nread = all\nwrite = all\nwritetimeout = 5000\n",
            "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 29998\n",
            "musiconhold.conf": "",
            "pjproject.conf": "",
            "pjsip_phones.conf": self._phones,
        }
        values = {"SIPSTEER_HOST": self.proxy[0], "SIPSTEER_PORT": self.proxy[1],
                  "SERVER_HOST": self.address, "SERVER_PORT": self.port}
        for name in ("pjsip.conf", "extensions.conf"):
            text = fill_in(self._by_transport(name), values).replace("/etc/asterisk/", f"{inside}/etc/")
            files[name] = self._edit(name, text) if self._edit else text
        if self._authority:
            files |= self._keys()
        for name, text in files.items():
            path = self._home / "etc" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def _by_transport(self, name):
        """A file of the kit, changed for the transport as README.md in there says."""
        if self.transport == "udp" or name != "pjsip.conf":
            return (KIT / name).read_text()
        return subprocess.run(["sed", "-f", KIT / f"{self.transport}.sed", KIT / name], stdout=subprocess.PIPE, check=True,
                              text=True).stdout

    def _keys(self):
        certificate, key = self._authority.make(self.name, f"IP:{self.address}")
        return {f"keys/{name}": path.read_text() for name, path in
                (("ca.pem", self._authority.ca), ("server.pem", certificate), ("server.key", key))}

    # -- life ----------------------------------------------------------------------------------

    def launch(self):
        """Starts the process without waiting for it."""
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="lab-", dir=self.root / "srv"))
        self._write_configuration()
        for path in [self._home, *self._home.rglob("*")]:
            os.chown(path, _UID, _UID)
        inside = "/" + str(self._home.relative_to(self.root))
        command = [*(self._namespace.prefix if self._namespace else []),
                   "setsid", "chroot", f"--userspec=+{_UID}:+{_UID}", str(self.root),
                   "/usr/sbin/asterisk", "-f", "-C", f"{inside}/etc/asterisk.conf"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C"}
        with open(self._home / "console", "wb") as console:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                             stdout=console, stderr=subprocess.STDOUT)

    def wait_ready(self):
        """Returns once the manager answers and SIP is bound. Raises TimeoutError with the log's end."""
        deadline = time.monotonic() + self.START_SECONDS
        reason = "did not try"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"Asterisk {self.name} ended with {self._process.returncode}:\n{self.log_tail()}")
            try:
                self.ami.action("CoreStatus")
                booted = any("fully booted" in line for line in self.ami.command("core waitfullybooted"))
                if booted and any(str(self.port) in line for line in self.ami.command("pjsip show transports")):
                    return
                reason = "SIP is not bound"
            except AmiError as error:
                reason = error
            except OSError as error:
                reason = error
                self._drop_ami()
            time.sleep(0.02)
        raise TimeoutError(f"Asterisk {self.name} is not ready ({reason}):\n{self.log_tail()}")

    def start(self):
        try:
            self.launch()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _drop_ami(self):
        if self._ami is not None:
            self._ami.close()
            self._ami = None

    def stop(self):
        """Ends the process (by its id) and removes its folders."""
        self._drop_ami()
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                try:
                    self._process.wait(5)
                except subprocess.TimeoutExpired:
                    self.kill()
            self._process = None
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def kill(self):
        """Ends the process at once, as a crash would."""
        self._drop_ami()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print(f"---- log of Asterisk {self.name}\n{self.log_tail()}", file=sys.stderr)
        self.stop()

    # -- looking -------------------------------------------------------------------------------

    def log(self):
        """Everything this server wrote so far."""
        texts = []
        for name in ("console", "log/messages"):
            path = self._home / name if self._home else None
            if path and path.exists():
                texts.append(path.read_text(errors="replace"))
        return "".join(texts)

    def log_tail(self, lines=60):
        return "\n".join(self.log().splitlines()[-lines:])

    def hang_up_everything(self):
        """Ends all calls of this server, so that the next test starts from nothing."""
        for channel in self.ami.channels():
            try:
                self.ami.action("Hangup", Channel=channel["Channel"])
            except AmiError:
                pass   # it ended by itself meanwhile


    def forget_registrations(self):
        """Nobody is registered here any more: a phone that ended without a word would still be called."""
        self.ami.command("database deltree registrar")


class AsteriskCluster:
    """`count` servers on 127.0.1.1, 127.0.1.2, ... named pbx-1, pbx-2, ..., started side by side. The transport of each
    is the next of `transports`, round and round; TLS has the port after the others', here and at the proxy."""

    def __init__(self, version=16, count=2, proxy=("127.0.0.1", 5060), phones="", port=5060, edit=None, namespace=None,
                 network="127.0.1", transports=("udp",), authority=None):
        root = asterisk_root(version)
        self.version = version
        self.servers = []
        for number in range(1, count + 1):
            transport = transports[(number - 1) % len(transports)]
            tls = transport == "tls"
            self.servers.append(AsteriskServer(
                root, f"{network}.{number}", (proxy[0], proxy[1] + tls), phones, port + tls, f"pbx-{number}", edit, namespace,
                transport=transport, authority=authority if tls else None))

    def __iter__(self):
        return iter(self.servers)

    def __getitem__(self, key):
        """By position, or by name."""
        if isinstance(key, int):
            return self.servers[key]
        return next(server for server in self.servers if server.name == key)

    def __len__(self):
        return len(self.servers)

    def start(self):
        try:
            for server in self.servers:
                server.launch()
            for server in self.servers:
                server.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for server in self.servers:
            server.stop()

    def print_logs(self, lines=60):
        for server in self.servers:
            print(f"---- log of Asterisk {server.name}\n{server.log_tail(lines)}", file=sys.stderr)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.print_logs()
        self.stop()
