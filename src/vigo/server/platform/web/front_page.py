"""What a browser shows at the root of the server."""

from typing import Final

FRONT_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vigo</title>
<style>
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}
</style>
<h1>Vigo</h1>
<p>This is <code>vigosrv</code>, the server of Vigo: it keeps a fleet of machines in the state that its operators wrote
down.</p>
<ul>
<li>From a shell on this host: <code>vigocli --data-dir DIR envoys list</code>; <code>vigocli --help</code> shows the
rest.</li>
<li>For programs: the REST API under <code>/api/v1</code>, described in
<a href="/api/v1/openapi.json">openapi.json</a>.</li>
<li>Whether the server answers: <a href="/healthz">healthz</a>.</li>
</ul>
</html>
"""
