"""How aiokafka's clients reach a broker that asks for TLS or SASL: the one place that spells it."""

import ssl
from typing import Any


def client_security(
    protocol: str, mechanism: str = "", username: str = "", password: str = "", ca_file: str = ""
) -> dict[str, Any]:
    """Protocol (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL) and credentials -> keyword arguments of a client."""
    given: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        given["ssl_context"] = ssl.create_default_context(cafile=ca_file or None)
    if protocol.startswith("SASL"):
        given["sasl_mechanism"] = mechanism
        given["sasl_plain_username"] = username
        given["sasl_plain_password"] = password
    return given
