"""`/bootstrap/v1/service-ca`."""

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from vigo.core.enrolment import SERVICE_CA_PATH
from vigo.server.features.certificates.service import CertificateService


def routes(service: CertificateService) -> list[ControllerRouterHandler]:
    """Return the route of the service CA's certificate."""

    @get(
        SERVICE_CA_PATH,
        summary="The certificate of the CA for services, as PEM",
        sync_to_thread=False,
        media_type="application/x-pem-file",
    )
    def service_ca() -> Response[bytes]:
        return Response(service.ca_pem.encode(), media_type="application/x-pem-file")

    return [service_ca]
