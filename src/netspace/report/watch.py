"""The report while a run goes on: a page on this machine alone, built anew at every look."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from netspace.errors import NetspaceError
from netspace.names import in_html
from netspace.report.material import gather
from netspace.report.page import render_page
from netspace.report.policy import policy

REFRESH_SECONDS = 5


def watch_server(folders: list[Path], port: int) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that shows the runs as they are at each request.

    Args:
        folders: of searches and evaluations; they may still be empty of results.
        port: 0 takes a free one; `server_address` says which.

    Raises:
        NetspaceError: where the port is taken.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer any path with the page."""
            try:
                text = render_page(gather(folders), refresh=REFRESH_SECONDS)
            except NetspaceError as error:
                meta = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
                text = f"{policy([])}{meta}<p>Nothing to show yet: {in_html(error)}</p>"
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Page)
    except OSError as error:
        raise NetspaceError(f"port {port} cannot be used ({error.strerror}); give another with --port") from None
