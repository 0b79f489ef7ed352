"""The one shape of a touch."""

from typing import Final, NamedTuple

SESSION: Final = "session"
QR_SCAN: Final = "qr_scan"
CALL: Final = "call"
MESSAGE_CLICK: Final = "message_click"
REFERRAL: Final = "referral"
TOLD: Final = "told"

DIRECT: Final = "direct"
UNATTRIBUTED: Final = "unattributed"


class Touch(NamedTuple):
    """`at` epoch µs, `day` the site's local day since 1970; '' where nothing is known.

    `rule` names what gave the channel: a channel rule (see channels.py), `first_page` (a session that no visit began),
    `scan:<code>:<assignment>`, `number:<number>:<assignment>`, `message:<medium>`, `referral`, `told`, or
    `told:answer` (a label of the site's menu); without an assignment, medium or known label the name ends earlier.
    """

    id: str
    kind: str
    at: int
    day: int
    branch: str
    channel: str
    campaign: str
    person: str
    keyword: str
    landing_page: str
    probable: bool
    rule: str
