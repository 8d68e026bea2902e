"""Which callback addresses a client may name: public http(s) ones, so that nobody has us call into private networks.

This judges the address as written. A name can still lead to a private address, now or later: whoever delivers callbacks
checks what the name resolves to with `is_public`, and connects to that very address.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from functions.domain.errors import AntipodeError

LONGEST = 2048
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
#: A last label like these makes the whole host a number to many clients: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa", "localdomain", "intranet", "lan", "onion", "invalid")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def check_callback_url(url: str, *, field: str = "callback_url", loopback: bool = False) -> None:
    """Raise AntipodeError invalid_callback_url, with what is wrong, unless `url` is a public http(s) address.

    With `loopback` this machine's own addresses will do too: for the local cloud.
    """
    fault = _fault(url)
    if fault is not None and not (loopback and _is_loopback(url)):
        raise AntipodeError("invalid_callback_url", f"the callback address {fault}", field=field)


def is_public(address: str) -> bool:
    """Say whether an IP address, written in full, is one that the whole Internet can reach."""
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    embedded = _embedded(ip)
    if embedded is not None:
        ip = embedded
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def is_reachable(address: str, *, loopback: bool = False) -> bool:
    """Say whether a call to an IP address may be made: a public one, or with `loopback` one of this machine's own."""
    return is_public(address) or (loopback and _is_own(address))


def _is_own(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        well_formed = parts.port != 0
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and _PRINTABLE.fullmatch(url) is not None
    return plain and well_formed and len(url) <= LONGEST and (host == "localhost" or _is_own(host))


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which an IPv6 one leads, if it is of a kind that does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    teredo = ip.teredo
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)


def _fault(url: str) -> str | None:
    if len(url) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        return "may hold printable ASCII characters only, and no backslash"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a well-formed address"
    if parts.scheme not in ("http", "https"):
        return "must begin with http:// or https://"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if port == 0:
        return "must not name port 0"
    return _host_fault(parts)


def _host_fault(parts: SplitResult) -> str | None:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        return "names no host"
    if "[" in parts.netloc:
        return None if is_public(host) else "is not a public one"
    labels = host.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        canonical = _is_ipv4(host)
        if not canonical:
            return "must write an IP address in full"
        return None if is_public(host) else "is not a public one"
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        return "names no valid host"
    if len(labels) == 1 or any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES):
        return "is not a public one"
    return None


def _is_ipv4(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False
