"""`python -m vigo.server` is `vigosrv`."""

from vigo.server.main import main

main()
