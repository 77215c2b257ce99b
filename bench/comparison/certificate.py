"""A certificate for one run: self-signed, for all addresses of it, and its own authority."""

import subprocess

ADDRESSES = ["127.0.0.1", *(f"127.0.1.{number}" for number in range(1, 5))]


def certificate(home):
    """(certificate, private key): PEM files in the folder `home`, made on first call."""
    chain, key = home / "certificate.pem", home / "private_key.pem"
    if not chain.exists():
        names = ",".join(f"IP:{address}" for address in ADDRESSES)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=bench", "-addext", f"subjectAltName={names}", "-keyout", key,
                        "-out", chain], check=True, capture_output=True)
        key.chmod(0o600)
    return chain, key
