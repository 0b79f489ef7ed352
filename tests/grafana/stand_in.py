"""A Grafana as its documented HTTP API answers: folders, data sources, dashboards, with what it adds of its own.

After grafana.com's HTTP API pages for 11.6: status codes, required fields, optimistic versions, 409 and 412 as there.
"""

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.ports import free_port

Json = dict[str, Any]
TOKEN = "glsa_of-the-test"


class StandIn:
    """What the server holds, and every write it was asked for; `fail_at` makes that write fail with 500."""

    def __init__(self) -> None:
        self.version = "11.6.0"
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.secrets: dict[str, Json] = {}
        self.dashboards: dict[str, Json] = {}
        self.rules: dict[str, Json] = {}
        self.contacts: dict[str, Json] = {}
        self.writes: list[str] = []
        self.fail_at: int | None = None
        self.url = ""

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        """A request -> status and body."""
        if path == "/api/frontend/settings":
            return 200, {
                "buildInfo": {"version": self.version, "edition": "Open Source", "env": "production"}
            }
        if method != "GET":
            self.writes.append(f"{method} {path}")
            if self.fail_at == len(self.writes):
                return 500, {"message": "Internal server error"}
        *_, kind, last = path.split("/")
        if path.startswith("/api/folders"):
            return self._folder(method, last, body)
        if path.startswith("/api/datasources"):
            return self._source(method, last, body)
        if path.startswith("/api/v1/provisioning/alert-rules"):
            return self._rule(method, last, body)
        if path.startswith("/api/v1/provisioning/contact-points"):
            return self._contact(method, last.partition("?")[0], body)
        if path == "/api/dashboards/db" and method == "POST":
            return self._save(body)
        if path.startswith("/api/dashboards/uid/") and method == "GET":
            return (
                (200, self.dashboards[last])
                if last in self.dashboards
                else (404, {"message": "Dashboard not found"})
            )
        return 404, {"message": f"no {method} {kind}"}

    def _folder(self, method: str, uid: str, body: Json) -> tuple[int, Json]:
        if method == "POST":
            if body["uid"] in self.folders:
                return 409, {"message": "a folder with that uid already exists"}
            self.folders[body["uid"]] = {"id": len(self.folders) + 1, "version": 1, "createdBy": "sa", **body}
            return 200, self.folders[body["uid"]]
        if uid not in self.folders:
            return 404, {"message": "folder not found", "status": "not-found"}
        if method == "PUT":
            if not body.get("overwrite") and body.get("version") != self.folders[uid]["version"]:
                return 412, {
                    "message": "the folder has been changed by someone else",
                    "status": "version-mismatch",
                }
            self.folders[uid]["title"] = body["title"]
            self.folders[uid]["version"] += 1
        return 200, self.folders[uid]

    def _source(self, method: str, uid: str, body: Json) -> tuple[int, Json]:
        if method == "POST":
            if any(one["name"] == body["name"] for one in self.sources.values()):
                return 409, {"message": "data source with the same name already exists"}
            uid = body["uid"]
        elif uid not in self.sources:
            return 404, {"message": "Data source not found"}
        if method in ("POST", "PUT"):
            secret = body.pop("secureJsonData", {})
            self.secrets.setdefault(uid, {}).update(secret)
            kept = {
                "id": 7,
                "orgId": 1,
                "readOnly": False,
                "basicAuth": False,
                "url": "",
                "isDefault": False,
                **body,
            }
            kept["secureJsonFields"] = dict.fromkeys(self.secrets[uid], True)
            self.sources[uid] = kept
            return 200, {"datasource": kept, "id": 7, "message": "Datasource added", "name": body["name"]}
        return 200, self.sources[uid]

    def _rule(self, method: str, uid: str, body: Json) -> tuple[int, Json]:
        if method == "POST":
            if body["uid"] in self.rules:
                return 409, {"message": "conflicting alert rule found"}
            if body["folderUID"] not in self.folders:
                return 400, {"message": "invalid alert rule: folder does not exist"}
            uid = body["uid"]
        elif uid not in self.rules:
            return 404, {"message": "could not find alert rule"}
        if method in ("POST", "PUT"):
            kept = copy.deepcopy(body)
            for query in kept["data"]:
                query["model"] |= {"intervalMs": 1000, "maxDataPoints": 43200}
            self.rules[uid] = {
                "id": len(self.rules) + 1,
                "updated": "2026-03-02T00:00:00Z",
                "keep_firing_for": "0s",
                **kept,
            }
        return (201 if method == "POST" else 200), self.rules[uid]

    def _contact(self, method: str, uid: str, body: Json) -> tuple[int, Any]:
        if method == "GET":
            return 200, list(self.contacts.values())
        if method == "PUT" and uid not in self.contacts:
            return 404, {"message": "contact point not found"}
        kept = {"provenance": "", **copy.deepcopy(body)}
        self.contacts[kept["uid"]] = kept
        return 202, kept

    def _save(self, body: Json) -> tuple[int, Json]:
        dashboard = copy.deepcopy(body["dashboard"])
        uid, there = dashboard["uid"], self.dashboards.get(dashboard["uid"])
        if body.get("folderUid") and body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        if there and not body.get("overwrite") and dashboard.get("version") != there["dashboard"]["version"]:
            return 412, {
                "message": "The dashboard has been changed by someone else",
                "status": "version-mismatch",
            }
        dashboard["id"] = 100 + len(self.dashboards)
        dashboard["version"] = there["dashboard"]["version"] + 1 if there else 1
        dashboard.setdefault("fiscalYearStartMonth", 0)
        for panel in dashboard["panels"]:
            panel.setdefault("pluginVersion", "11.6.0")
        meta = {"slug": uid, "folderUid": body.get("folderUid", ""), "provisioned": False, "canEdit": True}
        self.dashboards[uid] = {"dashboard": dashboard, "meta": meta}
        return 200, {"id": dashboard["id"], "uid": uid, "status": "success", "version": dashboard["version"]}


@contextmanager
def grafana() -> Iterator[StandIn]:
    """A stand-in that listens on loopback for the length of a block."""
    held = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def _answered(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Invalid API key"}
            else:
                status, answer = held.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answered

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    server.daemon_threads = True
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield held
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
