"""Addresses on loopback that nobody uses."""

import socket


def is_free(host, port):
    """Neither UDP nor TCP is bound there."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:      # a connection of an earlier run that lingers is no obstacle
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host, wanted, step=10, tries=50):
    """`wanted`, or the next that is free."""
    for port in range(wanted, wanted + step * tries, step):
        if is_free(host, port):
            return port
    raise OSError(f"no free port on {host} from {wanted} on")


def free_network(wanted, ports, hosts):
    """"127.0.N" with `ports` free on each of its `hosts`: N as wanted, or 10, 20, ... more."""
    for number in range(wanted, 255, 10):
        if all(is_free(f"127.0.{number}.{host}", port) for host in hosts for port in ports):
            return f"127.0.{number}"
    raise OSError(f"no free network on loopback from 127.0.{wanted}.x on")
