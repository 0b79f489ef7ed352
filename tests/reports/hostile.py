"""Texts that want to be more than texts: markup, scripts, formulas, marks that turn the line, paths, statements."""

from itertools import product

_RUN = "document.title='ran';window.ran=1"
_SEEDS = (
    f"<script>{_RUN}</script>",
    f"<img src=x onerror=\"{_RUN}\">",
    f"<svg onload=\"{_RUN}\">",
    f"<svg><script>{_RUN}</script></svg>",
    f"<details open ontoggle=\"{_RUN}\">",
    f"<input autofocus onfocus=\"{_RUN}\">",
    f"<iframe srcdoc=\"<script>parent.{_RUN}</script>\">",
    f"<iframe src=\"javascript:{_RUN}\"></iframe>",
    f"<a href=\"javascript:{_RUN}\">x</a>",
    f"<body onpageshow=\"{_RUN}\">",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror=\"{_RUN}\">",
    f"<style>@import 'javascript:{_RUN}';</style>",
    f"<style onload=\"{_RUN}\">",
    f"<video><source onerror=\"{_RUN}\"></video>",
    f"<object data=\"javascript:{_RUN}\"></object>",
    "<meta http-equiv=refresh content=\"0;url=javascript:1\">",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    f"javascript:{_RUN}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "{{constructor.constructor('return this')()}}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "=HYPERLINK(\"//evil.example\",\"x\")",
    "=cmd|' /C calc'!A0",
    "+1+1", "-1+1", "@SUM(1)", "＝1+1", "\tx", "\r\nSet-Cookie: a=b",
    "'; DROP TABLE headwater.event_archive; --",
    "\\' OR 1=1 --",
    "{site:String}",
    "../../../../etc/passwd", "..", ".", "a/b", "CON", "a\x00b",
    "\u202eevil\u202c", "\u2066x\u2069", "\u200b\u200f\ufeff", "\x1b[31mred",
    "/JavaScript (app.alert(1))", "(unbalanced) ) \\ (", "endstream endobj",
)  # fmt: skip
_AROUND = (("", ""), ("\"'>", ""), ("</title></td></svg></style>", ""), ("-->]]>", "<!--"), ('" x="', '"'))

PAYLOADS = tuple(f"{before}{seed}{after}" for (before, after), seed in product(_AROUND, _SEEDS))
