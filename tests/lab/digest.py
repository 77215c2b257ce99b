"""Digest authentication, MD5 with and without qop=auth, both sides (RFC 2617, RFC 3261 §22)."""

import hashlib
import re
import secrets


def fields(header):
    """The parameters of a Digest challenge or of credentials; names in lower case, quotes removed."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {name.lower(): quoted if quoted is not None and not bare else bare
            for name, quoted, bare in re.findall(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))', rest)}


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def response(user, realm, password, method, uri, nonce, qop=None, nc="", cnonce=""):
    secret, request = md5(user, realm, password), md5(method, uri)
    return md5(secret, nonce, nc, cnonce, qop, request) if qop else md5(secret, nonce, request)


def credentials(challenge, method, uri, user, password):
    """The value of Authorization or Proxy-Authorization for a challenge; ValueError for an unknown algorithm."""
    given = fields(challenge)
    if given.get("algorithm", "MD5").upper() != "MD5" or "nonce" not in given:
        raise ValueError(f"cannot answer: {challenge}")
    qop = "auth" if "auth" in re.split(r"[\s,]+", given.get("qop", "")) else None
    nc, cnonce = "00000001", secrets.token_hex(8)
    realm, nonce = given.get("realm", ""), given["nonce"]
    answer = response(user, realm, password, method, uri, nonce, qop, nc, cnonce)
    text = (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{answer}", algorithm=MD5')
    if "opaque" in given:
        text += f', opaque="{given["opaque"]}"'
    return text + (f', qop={qop}, nc={nc}, cnonce="{cnonce}"' if qop else "")


def challenge(realm):
    return f'Digest realm="{realm}", nonce="{secrets.token_hex(16)}", algorithm=MD5, qop="auth"'


def valid(header, method, password):
    """True when credentials prove the password (of whichever user they name)."""
    given = fields(header or "")
    if not {"username", "realm", "nonce", "uri", "response"} <= given.keys():
        return False
    return given["response"] == response(given["username"], given["realm"], password, method, given["uri"],
                                         given["nonce"], given.get("qop"), given.get("nc", ""),
                                         given.get("cnonce", ""))
