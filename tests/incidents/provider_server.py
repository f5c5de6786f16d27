"""Both providers on 127.0.0.1, as their documentation describes them, with faults on demand."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, UCDP_TOKEN = "reporter@example.org", "p4ss &%=+Zebra/é", "ucdp-T0KEN-5f2c"
SECRETS = (USER, PASSWORD, UCDP_TOKEN, "p4ss", "Zebra", "reporter%40example", "ACC-", "REF-")
STATUSES = ("429", "500", "502", "503")
FAULTS = (
    *STATUSES, "429 for 7 s", "429 for 0 s", "429 until a date", "timeout", "reset", "truncated", "cut", "not JSON",
    "wrong type", "login page", "redirect", "expired", "page repeated", "page missing", "row missing", "row doubled",
    "row of another", "total off", "column missing", "no total", "unsuccessful",
    "count off", "no cursor", "row of page before",
)  # fmt: skip


def ucdp_rows(n: int) -> list[dict[str, Any]]:
    """n invented events in the API's own types: numbers, a boolean, nulls, days at midnight."""
    return [
        {
            "id": 1000 - 7 * i, "relid": f"SYR-2019-1-{i}", "year": 2019, "active_year": i % 2 == 0,
            "type_of_violence": 1 + i % 3, "side_a": "Government of Syria", "side_b": "Civilians",
            "where_coordinates": f'Ma"arat, town {i}' if i % 4 else "قرية\nخان", "adm_1": "Idlib Governorate",
            "latitude": 35.5 + i / 1000, "longitude": 36.0, "country": "Syria", "country_id": 652,
            "date_start": f"2019-05-{1 + i % 28:02d}T00:00:00", "date_end": f"2019-05-{1 + i % 28:02d}T00:00:00",
            "date_prec": 1, "event_clarity": 1, "number_of_sources": 1,
            "deaths_a": 0, "deaths_b": 0, "deaths_civilians": i, "deaths_unknown": 0, "low": i, "best": i, "high": i,
            "gwnob": None,
        }
        for i in range(n)
    ]  # fmt: skip


def acled_rows(n: int) -> list[dict[str, Any]]:
    """n invented events, newest first, as ACLED gives them."""
    return [
        {
            "event_id_cnty": f"SYR{120 - i}", "event_date": f"2019-08-{28 - i % 28:02d}", "year": "2019",
            "time_precision": "1", "event_type": "Explosions/Remote violence", "actor1": "Military Forces of Syria",
            "country": "Syria", "admin1": "Idleb", "latitude": "35.9", "longitude": "36.6", "fatalities": str(i % 5),
            "notes": f"Line one, of record {i}.\nLine two; \"quoted\".", "timestamp": "1700000000",
        }
        for i in range(n)
    ]  # fmt: skip


class ProviderServer:
    """Serves until the ``with`` block ends; each request takes the next fault of `faults`, None being none."""

    def __init__(self) -> None:
        self.patience = threading.Event()  # set at the end: whoever waits in a "timeout" may go
        self._lock = threading.Lock()
        self.begin()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def begin(self) -> None:
        """Forget all that was asked and served, and all faults."""
        self.patience.set()
        self.patience = threading.Event()
        self.ucdp, self.acled = ucdp_rows(23), acled_rows(17)
        self.faults: list[str | None] = []
        self.asked: list[str] = []
        self.tokens = 0
        self.grants: list[str] = []
        self.valid: str | None = None
        self.refresh: str | None = None
        self.lifetime = 86400
        self.restrictions: Any = None

    def __enter__(self) -> ProviderServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.patience.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        with self._lock:
            fault = self.faults.pop(0) if self.faults else None
            sent = to.rfile.read(int(to.headers.get("content-length", 0))).decode()
            self.asked.append(f"{to.command} {to.path}")
            everything = f"{to.headers} {sent} {self.valid} {self.refresh}"  # what a careless error page would repeat
        if fault in ("timeout", "reset"):
            to.close_connection = True
            if fault == "timeout":
                self.patience.wait(5)
            return
        if fault and fault[:3].isdigit():
            extra = {"429 for 7 s": "7", "429 for 0 s": "0", "429 until a date": "Fri, 01 Jan 2021 00:01:00 GMT"}
            self._send(to, int(fault[:3]), everything, headers={"Retry-After": extra.get(fault, "")})
        elif fault == "redirect":
            self._send(to, 302, everything, headers={"Location": f"{self.url}/user/login?{UCDP_TOKEN}"})
        elif fault == "login page":
            self._send(to, 200, f"<!doctype html><title>Log in</title>{everything}", kind="text/html; charset=UTF-8")
        elif to.path == "/oauth/token":
            self._grant(to, parse_qs(sent), fault)
        else:
            self._data(to, fault, everything)

    def _grant(self, to: BaseHTTPRequestHandler, form: dict[str, list[str]], fault: str | None) -> None:
        by_password = form.get("username") == [USER] and form.get("password") == [PASSWORD]
        by_refresh = form.get("refresh_token") == [self.refresh] and fault != "expired"
        asked = form.get("grant_type") == ["password"] if by_password else form.get("grant_type") == ["refresh_token"]
        if not (by_password or by_refresh) or not asked or form.get("client_id") != ["acled"]:
            self._send(to, 400, json.dumps({"error": "invalid_grant", "hint": str(form)}))
            return
        with self._lock:
            self.tokens += 1
            self.grants += form["grant_type"]
            self.valid, self.refresh = f"ACC-{self.tokens}", f"REF-{self.tokens}"
            grant = {
                "token_type": "Bearer", "expires_in": self.lifetime,
                "access_token": self.valid, "refresh_token": self.refresh,
            }  # fmt: skip
        self._send(to, 200, json.dumps(grant), fault=fault)

    def _data(self, to: BaseHTTPRequestHandler, fault: str | None, everything: str) -> None:
        parts = urlsplit(to.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ucdp = parts.path.startswith("/api/gedevents/")
        if fault == "expired":
            self.valid = None
        allowed = to.headers.get("x-ucdp-access-token") == UCDP_TOKEN if ucdp else False
        allowed = allowed or (self.valid is not None and to.headers.get("authorization") == f"Bearer {self.valid}")
        if not allowed or (ucdp and fault == "expired"):
            self._send(to, 401, everything)
        elif ucdp:
            self._send(to, 200, json.dumps(self._ucdp_page(query, parts.path, fault)), fault=fault)
        else:
            self._send(to, 200, json.dumps(self._acled_page(query, fault)), fault=fault)

    def _ucdp_page(self, query: dict[str, str], path: str, fault: str | None) -> dict[str, Any]:
        size, page = int(query["pagesize"]), int(query["page"])
        page = (page + 1) % -(-len(self.ucdp) // size) if fault == "page repeated" else page
        total = len(self.ucdp) + (fault == "total off")
        pages = -(-total // size)
        following = f"{self.url}{path}?pagesize={size}&page={page + 1}" if page + 1 < pages else ""
        rows = spoil(self.ucdp[page * size : (page + 1) * size], fault, self.ucdp[:1])
        answer = {"TotalCount": total, "TotalPages": pages, "PreviousPageUrl": "", "NextPageUrl": following}
        if fault == "no total":
            del answer["TotalCount"]
        return {**answer, "Result": rows}

    def _acled_page(self, query: dict[str, str], fault: str | None) -> dict[str, Any]:
        size, cursors = int(query["limit"]), [0, *(self.cursor_at(n) for n in range(len(self.acled)))]
        begin = cursors.index(int(query["cursor"]))
        if fault == "page repeated":
            begin = (begin + size) % (size * -(-len(self.acled) // size))
        rows, end = spoil(self.acled[begin : begin + size], fault, self.acled[:1]), begin + size
        total = len(self.acled) + (fault == "total off")
        answer = {"status": 200, "success": fault != "unsuccessful", "count": len(rows), "data": rows}
        answer["next_cursor"] = self.cursor_at(end - 1) if end < len(self.acled) else None
        if fault == "no cursor":
            answer["next_cursor"] = None
        answer["count"] += fault == "count off"
        answer["data_query_restrictions"] = self.restrictions
        return answer if fault == "no total" or "with_total" not in query else {**answer, "total_count": total}

    @staticmethod
    def cursor_at(n: int) -> int:
        """The number by which the rows after the n-th are asked for; it has nothing of a page's number."""
        return 48213 + 11 * n

    def _send(
        self, to: BaseHTTPRequestHandler, status: int, text: str, *,
        kind: str = "application/json", headers: dict[str, str] | None = None, fault: str | None = None,
    ) -> None:  # fmt: skip
        body = text.encode()
        if fault == "cut":
            body = body[: len(body) // 2]
        elif fault == "not JSON":
            body = b"\x1f\x8b\x00 no JSON"
        to.send_response(status)
        to.send_header("Content-Type", "text/plain" if fault == "wrong type" else kind)
        to.send_header("Content-Length", str(len(body)))
        to.send_header("Set-Cookie", f"SESSION=ACC-{UCDP_TOKEN}; Path=/")
        for name, value in (headers or {}).items():
            if value:
                to.send_header(name, value)
        to.end_headers()
        if fault == "truncated":
            body = body[: len(body) // 3]
            to.close_connection = True
        to.wfile.write(body)


def spoil(rows: list[dict[str, Any]], fault: str | None, first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one page, with the fault if it is one of rows."""
    if fault == "page missing":
        return []
    if fault == "row missing":
        return rows[:-1]
    if fault == "row doubled":
        return [*rows[:-1], rows[0]]
    if fault == "row of page before":
        return [*rows[:-1], *first]
    if fault == "row of another":
        return [{**row, "country": "Peru", "country_id": 135} for row in rows]
    if fault == "column missing":
        return [{name: value for name, value in row.items() if name != "longitude"} for row in rows]
    return rows
