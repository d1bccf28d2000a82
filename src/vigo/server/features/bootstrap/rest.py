"""`/bootstrap`: a script to read or to run, and the packages that it fetches. None of it is secret."""

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import File
from litestar.types import ControllerRouterHandler

from vigo.core.enrolment import BOOTSTRAP_PATH, PACKAGES_PATH
from vigo.server.features.bootstrap.service import BootstrapService


def routes(service: BootstrapService) -> list[ControllerRouterHandler]:
    """Return the routes of bootstrapping."""

    @get(
        BOOTSTRAP_PATH,
        summary="A script for sh that installs the agent and enrols the machine",
        sync_to_thread=True,
        media_type="text/x-shellscript",
    )
    def script() -> Response[bytes]:
        return Response(service.script(), media_type="text/x-shellscript; charset=utf-8")

    @get(
        f"{PACKAGES_PATH}/{{name:str}}",
        summary="A package that the script installs",
        sync_to_thread=True,
        media_type="application/zip",
    )
    def package(name: FromPath[str]) -> File:
        return File(service.package(name), filename=name, media_type="application/zip")

    return [script, package]
