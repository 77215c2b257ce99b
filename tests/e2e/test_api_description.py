"""deploy/openapi.json describes what the proxy really answers, and all of it."""

import json
import re
import socket
import urllib.parse

import pytest

from lab.sipsteer import REPOSITORY, Sipsteer, cluster_config
from test_control import INVITE, SERVERS

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
DESCRIPTION = json.loads((REPOSITORY / "deploy" / "openapi.json").read_text())


def over_admin_socket(proxy, method, target, body=""):
    """(status, content type, text), by an HTTP of our own: urllib has no unix sockets."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(proxy.admin_socket))
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, text = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), re.search(r"(?im)^content-type: ([^;\r]*)", head)[1], text


def operations():
    return [(path, method, operation) for path, methods in DESCRIPTION["paths"].items()
            for method, operation in methods.items()]


def routes_of_the_sources():
    """(path, method, admin alone) of each route, as the sources register them."""
    found = set()
    for source in (REPOSITORY / "proxy").glob("*.cpp"):
        text = source.read_text()
        for function in re.finditer(r"::add_(\w*)routes\(HttpRouter& router\) \{(.*?)^\}", text, re.DOTALL | re.MULTILINE):
            for method, path in re.findall(r'router\.(get|post)\("([^"]+)"', function[2]):
                found.add((path, method, function[1] == "admin_"))
    return found


def test_every_route_is_described():
    described = {(re.sub(r"\{[\w-]+\}", "{}", path), method, operation["tags"] == ["admin"])
                 for path, method, operation in operations()}
    assert described == routes_of_the_sources()


@pytest.fixture(scope="module")
def proxy(binary):
    with Sipsteer(cluster_config(SERVERS), binary) as running:
        yield running


@pytest.mark.parametrize("path, method, operation", operations(), ids=lambda value: value if isinstance(value, str) else "")
def test_answers_are_as_described(proxy, path, method, operation):
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], parameter["example"])
        elif "example" in parameter:
            query[parameter["name"]] = parameter["example"]
    target = path + ("?" + urllib.parse.urlencode(query) if query else "")
    status, kind, text = over_admin_socket(proxy, method.upper(), target, INVITE if method == "post" else "")
    assert str(status) in operation["responses"], text
    content = operation["responses"][str(status)]["content"]
    assert kind in content
    if kind == "application/json":
        schema = {**content[kind]["schema"], "components": DESCRIPTION["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    if method == "get" and operation["tags"] == ["admin"]:
        assert proxy.get(target)[0] == 404          # not for everybody who reaches the HTTP port
