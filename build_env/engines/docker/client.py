"""Owns the docker SDK's client, made so that no call of it can wait for ever.

Each request gets a limit, and every socket that is open is known, so that another thread can end what waits on it.
The only module that builds on the inside of the SDK and of the libraries below it.
"""

from __future__ import annotations

import contextlib
import socket
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import docker
import docker.constants
import docker.errors
import requests.adapters
import requests.exceptions
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from docker.utils import kwargs_from_env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.engines.docker.patience import Patience

__all__ = ["LOST", "REFUSED", "Client", "is_denial", "is_missing", "is_silence", "new_client"]

_CONNECTING = 10.0  # seconds; the SDK's libraries wait as long for each piece of what is sent
# What is raised when the engine answers with an error, and when there is no answer.
REFUSED = docker.errors.APIError
LOST = (
    docker.errors.DockerException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,  # the SDK reads streams below `requests`
    OSError,
)
_SILENCE = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


class Sockets:
    """All that are open now, each until it is garbage."""

    def __init__(self) -> None:
        """None is open yet."""
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def add(self, opened: socket.socket | None) -> None:
        """Know this one, too."""
        if opened is not None:
            self._open.add(opened)

    def shut(self) -> None:
        """End what any thread sends or receives now: it gets an error or the end of the stream."""
        for opened in list(self._open):
            with contextlib.suppress(OSError):  # closed already
                opened.shutdown(socket.SHUT_RDWR)


class Client(docker.APIClient):
    """The SDK's low-level client with our limits. Use it below `Connection.errors` only."""

    def __init__(self, patience: Patience, slots: int, **options: Any) -> None:  # noqa: ANN401 - the SDK's
        """Take the address and certificates from `options`; asks the engine for the version it speaks."""
        self._patience = patience
        self.sockets = Sockets()
        # Any version that the SDK takes: it would ask at once, over sockets that are not known.
        super().__init__(version=docker.constants.MINIMUM_DOCKER_API_VERSION, **options)
        scheme = urlsplit(self.base_url).scheme
        path = getattr(getattr(self, "_custom_adapter", None), "socket_path", "")
        if path or scheme in {"http", "https"}:  # not ssh, whose channels are no sockets of ours
            self.mount(f"{scheme}://", _Adapter(self.sockets, path, pool_maxsize=slots + 2))
        self._version = str(self.version(api_version=False)["ApiVersion"])

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401 - requests'
        """Send a request with the limit that fits it, whatever the SDK wanted: it has none for some of them."""
        silence = self._patience.limit(method, urlsplit(url).path)
        options["timeout"] = (min(_CONNECTING, silence), silence)
        return super().request(method, url, *args, **options)

    def _disable_socket_timeout(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's
        """Overrides the SDK, which takes the limit off archives. `Stream` takes it off where that is right."""


class _Adapter(requests.adapters.HTTPAdapter):
    """The transport for local sockets, TCP and TLS; `path` is that of the local socket."""

    def __init__(self, sockets: Sockets, path: str, **options: Any) -> None:  # noqa: ANN401 - requests'
        self._path = path
        self._pools = _pools(sockets, path)
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - requests'
        """Have the pools make our connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def get_connection_with_tls_context(self, request: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - requests'
        """Have one pool for a local socket, which no proxy leads to."""
        if not self._path:
            return super().get_connection_with_tls_context(request, *args, **options)
        return self.poolmanager.connection_from_host("localhost", scheme="http")

    def request_url(self, request: Any, proxies: Any) -> str:  # noqa: ANN401 - requests'
        """The path alone for a local socket."""
        url: str = request.path_url if self._path else super().request_url(request, proxies)
        return url


def _pools(sockets: Sockets, path: str) -> dict[str, type[urllib3.connectionpool.HTTPConnectionPool]]:
    """The pool for each scheme, whose connections tell `sockets` of theirs."""

    class Local(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            opened = socket.socket(socket.AF_UNIX)
            try:
                opened.settimeout(self.timeout if isinstance(self.timeout, int | float) else _CONNECTING)
                opened.connect(path)
            except BaseException:
                opened.close()
                raise
            return opened

    class Plain(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = _known(Local if path else urllib3.connection.HTTPConnection, sockets)

    class Secure(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = _known(urllib3.connection.HTTPSConnection, sockets)

    return {"http": Plain, "https": Secure}


def _known(base: type[Any], sockets: Sockets) -> type[Any]:
    """Connections that tell of their sockets when they are ready: an encrypted one is another object than before."""

    def connect(self: Any) -> None:  # noqa: ANN401 - urllib3's
        base.connect(self)
        sockets.add(self.sock)

    return type(base.__name__, (base,), {"connect": connect})


def new_client(patience: Patience, slots: int) -> Client:
    """A client of the engine of DOCKER_HOST or of the usual socket. Raises what is in `LOST` when none answers."""
    return Client(patience, slots, **kwargs_from_env())


def is_missing(error: BaseException) -> bool:
    """Whether the engine says that a container or image is not there."""
    return isinstance(error, docker.errors.NotFound)


def is_silence(error: BaseException) -> bool:
    """Whether the engine did not answer in time; some libraries keep only the words of another's error."""
    for seen in _wrapped(error):
        refused = isinstance(seen, urllib3.exceptions.NewConnectionError)  # a timeout by its class only
        if not refused and (isinstance(seen, _SILENCE) or "timed out" in str(seen)):
            return True
    return False


def is_denial(error: BaseException) -> bool:
    """Whether this user may not open the engine's socket."""
    return any(isinstance(seen, PermissionError) for seen in _wrapped(error))


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it came from: libraries wrap each other's."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
