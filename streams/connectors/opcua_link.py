"""One connection to an OPC UA server, from its first word to its last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.sources.opcua_source import OpcuaSource

from .errors import SourceAway, SourceRefused

if TYPE_CHECKING:
    from asyncua import Client

_ANSWER_SECONDS: Final = 5.0
_GOODBYE_SECONDS: Final = 2.0
_SESSION_MILLISECONDS: Final = 30_000
_REFUSALS: Final = (
    "BadUserAccessDenied",
    "BadIdentityToken",
    "BadCertificate",
    "BadNoValidCertificates",
    "BadSecurity",
    "BadNotReadable",
)


@contextlib.contextmanager
def told(url: str, what: str) -> Iterator[None]:
    """Errors of asyncua as what they mean for a source.

    Args:
        url: Of the server.
        what: Was being done.

    Raises:
        SourceRefused: If the server will not let us in.
        SourceAway: If it does not answer, or answers with anything else than it should.
    """
    from asyncua import ua

    try:
        yield
    except ua.UaStatusCodeError as error:
        name = ua.StatusCode(error.code).name
        said = f"{url}: {what}: {name}: {ua.StatusCode(error.code).doc}"
        raise (SourceRefused if name.startswith(_REFUSALS) else SourceAway)(said) from error
    except TimeoutError as error:
        raise SourceAway(f"{url}: {what}: no answer in time") from error
    except (OSError, ua.UaError, asyncio.IncompleteReadError) as error:
        said = str(error) or type(error).__name__
        raise SourceAway(f"{url}: {what}: {said}") from error


@contextlib.asynccontextmanager
async def connected(plan: OpcuaSource, environ: Mapping[str, str]) -> AsyncIterator[Client]:
    """A new client with a session of its own; it never reconnects by itself.

    Subscriptions do not survive the loss of a connection, whatever a client promises: who has lost
    it begins anew, and says so.

    Args:
        plan: Of the source.
        environ: Environment variables, where its password may stand.

    Raises:
        LabFileError: For a password that cannot be read.
        SourceAway, SourceRefused: As `told` says.
    """
    from asyncua import Client

    # It tells each notification that arrives at INFO, and each lost connection as an error.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    client = Client(plan.url, timeout=_ANSWER_SECONDS, watchdog_intervall=_ANSWER_SECONDS)
    client.name = client.description = "Halflife"
    # What a killed worker leaves behind in the server is cleared after this time.
    client.session_timeout = _SESSION_MILLISECONDS
    password = plan.password(environ)
    if plan.username is not None:
        client.set_user(plan.username)
        client.set_password("" if password is None else password.get_secret_value())
    try:
        with told(plan.url, "connecting"):
            await _secure(client, plan)
            await _connect(client, plan)
        yield client
    finally:
        await _leave(client)


async def _secure(client: Client, plan: OpcuaSource) -> None:
    """Set up policy, mode and certificates."""
    if plan.security == "None":
        return
    from asyncua import ua
    from asyncua.crypto import security_policies

    policy, _, mode = plan.security.partition("/")
    try:
        client.application_uri = application_uri(plan)
        await client.set_security(
            getattr(security_policies, f"SecurityPolicy{policy}"),
            certificate=str(plan.cert_file),
            private_key=str(plan.key_file),
            server_certificate=None if plan.ca_file is None else str(plan.ca_file),
            mode=ua.MessageSecurityMode[mode],
        )
    except (OSError, ValueError) as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise
        said = f"the certificates of source.{plan.name} cannot be used: {error}"
        raise SourceRefused(said) from error
    except ua.UaError as error:
        if "endpoint" not in str(error):
            raise
        offered = ", ".join(await _offers(client))
        said = f"{plan.url} does not offer {plan.security}; it offers {offered}"
        raise SourceRefused(said) from error


def application_uri(plan: OpcuaSource) -> str:
    """The name of this application in its certificate: servers compare the two.

    Raises:
        ValueError: If the certificate has none.
    """
    from cryptography import x509

    data = b"" if plan.cert_file is None else plan.cert_file.read_bytes()
    load = (
        x509.load_pem_x509_certificate if b"-----BEGIN" in data else x509.load_der_x509_certificate
    )
    certificate = load(data)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        names = None
    found = names.value.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    if not found:
        raise ValueError(f"{plan.cert_file} names no application (a URI as alternative name)")
    return str(found[0])


async def _connect(client: Client, plan: OpcuaSource) -> None:
    from asyncua import ua

    try:
        await client.connect()
    except ua.UaStatusCodeError:
        raise
    except ua.UaError as error:
        if "endpoint" not in str(error) or plan.security != "None":
            raise
        offered = ", ".join(await _offers(client))
        said = f"{plan.url} wants security; it offers {offered}"
        raise SourceRefused(said) from error


async def _offers(client: Client) -> list[str]:
    """What the server offers, as ``security`` of the lab file has it."""
    from asyncua import Client as Fresh

    found = await Fresh(client.server_url.geturl()).connect_and_get_server_endpoints()
    offers: list[str] = []
    for each in found:
        policy = str(each.SecurityPolicyUri).partition("#")[2]
        mode = each.SecurityMode.name.rstrip("_")
        offers.append("None" if policy == "None" else f"{policy}/{mode}")
    return sorted(set(offers))


async def _leave(client: Any) -> None:
    """Say goodbye, if anybody listens; then close in any case."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.disconnect(), _GOODBYE_SECONDS)
    with contextlib.suppress(Exception):
        client.disconnect_socket()
