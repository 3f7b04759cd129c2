"""The YAML of livekit-server and livekit-sip, from explicit values."""

import pytest
import yaml

from veyra.livekit.config import (
    Gateway,
    Line,
    Server,
    gateway_config,
    redis_config,
    server_config,
    to_yaml,
)

SERVER = Server(port=7880, udp_port=7882, webhook_url="http://127.0.0.1:8000/livekit/webhook")
GATEWAY = Gateway(ws_url="ws://127.0.0.1:7880", port=5060, rtp_ports=(10000, 10100))


def line(public_ip: str = "") -> Line:
    return Line(api_key="key", api_secret="s" * 32, redis="unix:///run/b.sock", public_ip=public_ip)


def test_a_local_line_stays_on_loopback() -> None:
    server, gateway = server_config(line(), SERVER), gateway_config(line(), GATEWAY)
    assert server["bind_addresses"] == ["127.0.0.1"]
    assert server["rtc"]["node_ip"] == gateway["nat_1_to_1_ip"] == "127.0.0.1"
    assert gateway["listen_ip"] == "127.0.0.1"
    assert server["rtc"]["tcp_port"] == 0 and "health_port" not in gateway


def test_a_given_public_address_is_announced() -> None:
    server, gateway = (
        server_config(line("192.0.2.7"), SERVER),
        gateway_config(line("192.0.2.7"), GATEWAY),
    )
    assert server["rtc"]["node_ip"] == gateway["nat_1_to_1_ip"] == "192.0.2.7"
    assert server["rtc"]["use_external_ip"] is gateway["use_external_ip"] is False
    assert "interfaces" not in server["rtc"]


def test_auto_lets_livekit_find_the_address_and_names_none() -> None:
    server, gateway = server_config(line("auto"), SERVER), gateway_config(line("auto"), GATEWAY)
    assert server["rtc"]["use_external_ip"] is gateway["use_external_ip"] is True
    assert "node_ip" not in server["rtc"] and "nat_1_to_1_ip" not in gateway


def test_webhooks_are_always_signed_and_a_busy_machine_still_takes_calls() -> None:
    assert server_config(line(), SERVER)["webhook"]["api_key"] == "key"
    assert gateway_config(line(), GATEWAY)["max_cpu_utilization"] == 1


@pytest.mark.parametrize(
    ("url", "section"),
    [
        ("unix:///run/b.sock", {"address": "/run/b.sock"}),
        ("redis://redis", {"address": "redis:6379"}),
        (
            "rediss://veyra:p%40ss@cache:6380/2",
            {
                "address": "cache:6380",
                "username": "veyra",
                "password": "p@ss",
                "db": 2,
                "use_tls": True,
            },
        ),
    ],
)
def test_a_redis_address_becomes_livekits_section(url: str, section: dict[str, object]) -> None:
    assert redis_config(url) == section


def test_the_text_reads_back_as_the_value_and_secrets_are_not_in_repr() -> None:
    config = gateway_config(line(), GATEWAY)
    assert yaml.safe_load(to_yaml(config)) == config
    assert "s" * 32 not in repr(line())
