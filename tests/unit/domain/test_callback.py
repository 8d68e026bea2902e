"""Callback addresses: public http(s) ones pass, and no way of writing a private one does."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.callback import check_callback_url, is_public
from functions.domain.errors import AntipodeError

PUBLIC = (
    "https://example.com",
    "http://example.com:8080/hook?a=b#c",
    "https://hooks.example.co.uk./x",
    "https://xn--bcher-kva.example/",
    "HTTPS://EXAMPLE.COM/",
    "http://93.184.216.34/",
    "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/",
    "https://[::ffff:93.184.216.34]/",
    "https://1password.com/",
    "https://a_b.example.com/",
    "http://localhost.example.com/",
)
NOT_PUBLIC = (
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost:80/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://router.home.arpa/",
    "http://intranet/",
    "http://127.0.0.1/",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.31.255.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff0e::1]/",
    "http://[2001:db8::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:53aa:64c:0:fbff:80ff:fffe]/",
)
MALFORMED = (
    "",
    "example.com",
    "//example.com/",
    "ftp://example.com/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://",
    "http:///path",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://:@example.com/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:x/",
    "http://exa mple.com/",
    "http://example.com/\r\nHost: evil",
    "http://example.com\\@127.0.0.1/",
    "http://127%2e0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://bücher.example/",
    "http://-a.example.com/",
    "http://a..example.com/",
    "http://.example.com/",
    "http://[::1/",
    "http://[example.com]/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.01/",
    "http://1.2.3.4.5/",
    "http://example.1/",
    "http://0x/",
    "http://example.com/" + "a" * 2048,
)


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_address_passes(url: str) -> None:
    check_callback_url(url)


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_as_such(url: str) -> None:
    with pytest.raises(AntipodeError, match=r"is not a public one|names no valid host") as caught:
        check_callback_url(url)
    assert (caught.value.code, caught.value.field) == ("invalid_callback_url", "callback_url")


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_plain_http_address_is_refused(url: str) -> None:
    with pytest.raises(AntipodeError) as caught:
        check_callback_url(url)
    assert (caught.value.code, caught.value.field) == ("invalid_callback_url", "callback_url")


NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")


@st.composite
def private_addresses(draw: st.DrawFn) -> ipaddress.IPv4Address:
    network = ipaddress.ip_network(draw(st.sampled_from(NETWORKS)))
    first = int(network.network_address)
    return ipaddress.IPv4Address(draw(st.integers(first, first + network.num_addresses - 1)))


def spellings(address: ipaddress.IPv4Address) -> list[str]:
    """All the ways in which some client reads this address."""
    number, (a, b, c, d) = int(address), address.packed
    return [
        f"{a}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.{d}.",
        str(number),
        hex(number),
        hex(number).upper(),
        f"0{number:o}",
        f"{a}.{(b << 16) + (c << 8) + d}",
        f"{a}.{b}.{(c << 8) + d}",
        f"{a:#x}.{b}.{c}.{d}",
        f"0{a:o}.0{b:o}.{c}.{d}",
        f"[::ffff:{a}.{b}.{c}.{d}]",
        f"[::{a}.{b}.{c}.{d}]",
        f"[64:ff9b::{a}.{b}.{c}.{d}]",
        f"[2002:{(a << 8) + b:x}:{(c << 8) + d:x}::1]",
    ]


@given(private_addresses())
def test_no_spelling_of_a_private_address_passes(address: ipaddress.IPv4Address) -> None:
    for host in spellings(address):
        with pytest.raises(AntipodeError):
            check_callback_url(f"http://{host}/")


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "fe80::1%eth0", "127.1", "example.com", ""])
def test_what_a_name_resolves_to_is_judged_too(address: str) -> None:
    assert not is_public(address)
