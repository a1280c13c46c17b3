"""A portal in somebody else's components: one small server, and a page that is all script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.serving import make_server

HERE = Path(__file__).parent
DIST = HERE / "dist"

CASES = [
    {
        "number": "C-70411", "member": "XYZ100200301", "name": "Lindqvist, Ada", "born": "03/12/1961",
        "code": "97110", "visits": "12", "from": "11/02/2026", "to": "12/18/2026", "status": "Granted",
    },
    {
        "number": "C-70412", "member": "XYZ100200302", "name": "Okafor, Bruno", "born": "11/05/1978",
        "code": "97140", "visits": "6", "from": "11/09/2026", "to": "01/15/2027", "status": "Being reviewed",
    },
]  # fmt: skip

SIGN_IN = """<!doctype html><title>Sign in</title><h1>Sign in</h1><form method=post>
<label>User <input name=user></label> <label>Password <input name=password type=password></label>
<button>Enter</button></form>"""
HOME = "<!doctype html><title>Home</title><h1>Welcome</h1><a href=/app>Cases</a>"


def create(page: str) -> Flask:
    """page: the HTML in which the built components run."""
    app = Flask(__name__, static_folder=None)

    @app.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> Response | str:
        if request.method == "GET":
            return SIGN_IN
        answer = redirect("/")
        assert isinstance(answer, Response)
        answer.set_cookie("in", "1")
        return answer

    @app.get("/")
    def home() -> str:
        return HOME if "in" in request.cookies else SIGN_IN

    @app.get("/app")
    def shown() -> str:
        return page

    @app.get("/dist/<name>")
    def built(name: str) -> Response:
        return Response((DIST / Path(name).name).read_bytes(), mimetype="text/javascript")

    @app.get("/cases")
    def cases() -> Response:
        return jsonify([one for one in CASES if one["number"] == request.args["number"]])

    return app


@contextmanager
def serving(page: str) -> Iterator[str]:
    """Serves the portal on this machine for the block; gives its address."""
    server = make_server("127.0.0.1", 0, create(page), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
