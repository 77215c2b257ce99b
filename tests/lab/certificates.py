"""Certificates for tests, made by openssl: one authority, and what it signs."""

import base64
import hashlib
import pathlib
import ssl
import subprocess


class Authority:
    """Files in `folder`: ca.pem, and NAME.pem with NAME.key for each made()."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90",
                  "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")

    def _run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def make(self, name, *alternatives):
        """`alternatives`: `DNS:pbx.example.com`, `IP:127.0.0.1`. Returns (certificate, key)."""
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                  "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text("subjectAltName=" + ",".join(alternatives) + "\n")
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                  "60", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    @property
    def ca(self):
        return self.folder / "ca.pem"

    def key_hash(self, name):
        """SHA-256 of the public key of NAME.pem in base64, as browsers take it."""
        certificate = ssl.PEM_cert_to_DER_cert((self.folder / f"{name}.pem").read_text())
        public = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=certificate, check=True,
                                capture_output=True).stdout
        der = base64.b64decode(b"".join(line for line in public.splitlines() if b"-----" not in line))
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def client(self, name=None):
        """An ssl.SSLContext that trusts us, and shows NAME's certificate."""
        context = ssl.create_default_context(cafile=self.ca)
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def server(self, name, ask=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context
