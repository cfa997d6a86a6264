"""HTTP of connector: kinds, connections, what lies behind them, and files."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from contracts.permissions import Permission
from contracts.runs import ErrorType
from services.chassis.cursors import uuid_after
from services.chassis.http import (
    Page,
    PageQuery,
    ServiceHttp,
    Who,
    Work,
    check_if_match,
    etag,
    raw_body,
    requires,
)
from services.chassis.problems import invalid, not_found
from services.connector.failures import ConnectorError
from services.connector.kinds.base import parse
from services.connector.kinds.registry import BUILT_IN, KINDS
from services.connector.multipart import FormFile
from services.connector.repository import uploads as repository
from services.connector.service.connections import Connections, kind_named
from services.connector.service.files import Files
from services.connector.service.limits import PerMinute
from services.connector.service.looking import Looking, as_problem
from services.connector.service.opening import Opening
from services.connector.service.uploads import Uploads
from services.connector.views import (
    CheckView,
    ConnectionChange,
    ConnectionRequest,
    ConnectionView,
    DiscoverRequest,
    DiscoverView,
    FileView,
    KeptUploadView,
    KindView,
    PreviewRequest,
    PreviewView,
    TestRequest,
    UploadedView,
    UploadView,
)

_READ = [requires(Permission.CONNECTIONS_READ)]
_WRITE = [requires(Permission.CONNECTIONS_WRITE)]
_TEST = [requires(Permission.CONNECTIONS_TEST)]
_FILES = [requires(Permission.FILES_READ)]
_UPLOAD_TYPES = ("application/octet-stream", "text/csv", "application/vnd.apache.parquet", "text/plain")
_BYTES = {"type": "string", "format": "binary"}
_ANY_FILE = (*_UPLOAD_TYPES, "text/tab-separated-values", "application/gzip", "application/zip")


def kinds_router(http: ServiceHttp) -> APIRouter:
    """What kinds of connections there are."""
    routes = http.router(prefix="/api/connectors", tags=["connections"])
    views = [KindView.of(kind) for kind in (*KINDS.values(), *BUILT_IN.values())]

    @routes.get("", dependencies=_READ)
    async def list_kinds(who: Who) -> Page[KindView]:
        """All kinds, with the JSON Schemas of their documents."""
        return Page(items=views)

    return routes


def connections_router(http: ServiceHttp, connections: Connections) -> APIRouter:
    """Connections as documents."""
    routes = http.router(prefix="/api/connections", tags=["connections"])

    @routes.get("", dependencies=_READ)
    async def list_connections(work: Work, paging: PageQuery) -> Page[ConnectionView]:
        """Connections by name."""
        after = paging.after[0] if paging.after else None
        found = await connections.page(work, after, paging.limit + 1)
        items = [ConnectionView.of(row, secrets, KINDS[row["kind"]]) for row, secrets in found]
        return paging.page(items, lambda item: (item.name,))

    @routes.post("", dependencies=_WRITE, status_code=201)
    async def create_connection(body: ConnectionRequest, work: Work, response: Response) -> ConnectionView:
        """Make a connection. It is not tried; `:test` does that."""
        row, secrets = await connections.create(work, body.name, body.kind, body.settings, body.secrets)
        response.headers["Location"] = f"/api/connections/{row['name']}"
        response.headers["ETag"] = etag(row["version"])
        return ConnectionView.of(row, secrets, KINDS[row["kind"]])

    @routes.get("/{name}", dependencies=_READ)
    async def get_connection(name: str, work: Work, response: Response) -> ConnectionView:
        """One connection; of its secrets only that they are there, and since when."""
        row, secrets = await connections.named(work, name)
        response.headers["ETag"] = etag(row["version"])
        return ConnectionView.of(row, secrets, KINDS[row["kind"]])

    @routes.patch("/{name}", dependencies=_WRITE)
    async def change_connection(
        name: str, body: ConnectionChange, work: Work, request: Request, response: Response
    ) -> ConnectionView:
        """Change settings or secrets. A new host, port, user or bucket needs the secrets again."""
        row = await connections.locked(work, name)
        check_if_match(request, row["version"])
        changed, secrets = await connections.change(work, row, body.settings, body.secrets)
        response.headers["ETag"] = etag(changed["version"])
        return ConnectionView.of(changed, secrets, KINDS[changed["kind"]])

    @routes.delete("/{name}", dependencies=_WRITE, status_code=204)
    async def delete_connection(name: str, work: Work, request: Request) -> None:
        """Remove a connection with its secrets; workflows that name it fail until there is one of that name."""
        row = await connections.locked(work, name)
        check_if_match(request, row["version"])
        await connections.delete(work, row)

    return routes


def looking_router(
    http: ServiceHttp, opening: Opening, looking: Looking, files: Files, limit: PerMinute, size: int
) -> APIRouter:
    """What lies behind connections. No transaction is held while others are waited for."""
    routes = http.router(prefix="/api/connections", tags=["connections"])

    @routes.post(":test", dependencies=_WRITE)
    async def test_unsaved(body: TestRequest, who: Who) -> CheckView:
        """Try a connection without keeping it."""
        limit.take(who.tenant)
        kind = kind_named(body.kind)
        settings = parse(kind.settings, body.settings, "/settings")
        secrets = parse(kind.secrets, body.secrets, "/secrets")
        async with opening.unsaved(kind, settings, secrets) as opened:
            return CheckView.of(await looking.check(opened))

    @routes.post("/{name}:test", dependencies=_TEST)
    async def test(name: str, who: Who) -> CheckView:
        """Try a connection: reach it, log in, look."""
        limit.take(who.tenant)
        try:
            async with opening.open(who.tenant, name) as opened:
                return CheckView.of(await looking.check(opened))
        except ConnectorError as error:
            raise _of_opening(error) from None

    @routes.post("/{name}:discover", dependencies=_FILES)
    async def discover(name: str, who: Who, body: DiscoverRequest | None = None) -> DiscoverView:
        """What there is to read: tables with columns and keys, or files."""
        limit.take(who.tenant)
        asked = body or DiscoverRequest()
        try:
            async with opening.open(who.tenant, name) as opened:
                return DiscoverView.of(await looking.discover(opened, asked.prefix, asked.limit))
        except ConnectorError as error:
            raise _of_opening(error) from None

    @routes.post("/{name}:preview", dependencies=_FILES)
    async def preview(name: str, body: PreviewRequest, who: Who) -> PreviewView:
        """The first rows of a table, or of the first file that the selection means."""
        limit.take(who.tenant)
        try:
            async with opening.open(who.tenant, name) as opened:
                selection = parse(opened.kind.selection, body.selection, "/selection")
                problems = opened.kind.agree(opened.settings, selection)
                if problems:
                    raise invalid([p.model_copy(update={"pointer": f"/selection{p.pointer}"}) for p in problems])
                return PreviewView.of(await looking.preview(opened, selection, body.limit))
        except ConnectorError as error:
            raise _of_opening(error) from None

    @routes.get("/{name}/files", dependencies=_FILES)
    async def list_files(
        name: str, who: Who, paging: PageQuery, prefix: Annotated[str, Query(max_length=1_024)] = ""
    ) -> Page[FileView]:
        """Files of a bucket by key."""
        try:
            async with opening.open(who.tenant, name) as opened:
                if opened.ends.files is None:
                    raise not_found()
                after = paging.after[0] if paging.after else None
                found = await files.page(opened.ends.files(), prefix, after, paging.limit + 1)
        except ConnectorError as error:
            raise _of_opening(error) from None
        items = [FileView(key=f.key, size=f.size, etag=f.etag, modified_at=f.modified) for f in found]
        return paging.page(items, lambda item: (item.key,))

    @routes.put(
        "/{name}/files/{key:path}",
        dependencies=[requires(Permission.FILES_WRITE), raw_body(size, _UPLOAD_TYPES)],
        status_code=201,
    )
    async def put_file(name: str, key: str, request: Request, who: Who) -> UploadView:
        """Put a file into a bucket; the body is the file."""
        try:
            async with opening.open(who.tenant, name) as opened:
                if opened.ends.files is None:
                    raise not_found()
                made = await files.put(opened.ends.files(), key, request.stream())
        except ConnectorError as error:
            raise _of_opening(error) from None
        return UploadView(bucket=made.bucket, key=made.key, etag=made.etag, size=made.size, version_id=made.version_id)

    return routes


def uploads_router(http: ServiceHttp, uploads: Uploads, size: int) -> APIRouter:
    """Files that are sent to the platform itself, to be looked at and worked on."""
    routes = http.router(prefix="/api/uploads", tags=["uploads"])
    form = size + (64 << 10)  # what stands around the file

    @routes.post(
        "",
        dependencies=[requires(Permission.SESSIONS_WRITE), raw_body(form, ("multipart/form-data",))],
        status_code=201,
        openapi_extra=_takes("multipart/form-data", {"type": "object", "properties": {"file": _BYTES}}),
    )
    async def upload(request: Request, who: Who) -> UploadedView:
        """Send a file as a form with the one part `file`. The same file again is the same upload."""
        file = FormFile(request.stream(), request.headers.get("content-type", ""))
        await file.begin()
        return UploadedView.of(await uploads.put(who.tenant, who.subject, file.name, file.chunks()))

    @routes.put(
        "/{name}",
        dependencies=[requires(Permission.SESSIONS_WRITE), raw_body(size, _ANY_FILE)],
        status_code=201,
        openapi_extra=_takes("application/octet-stream", _BYTES),
    )
    async def upload_as(name: str, request: Request, who: Who) -> UploadedView:
        """Send a file as the body. The same file again is the same upload."""
        return UploadedView.of(await uploads.put(who.tenant, who.subject, name, request.stream()))

    @routes.get("", dependencies=[requires(Permission.SESSIONS_READ)])
    async def list_uploads(work: Work, paging: PageQuery) -> Page[KeptUploadView]:
        """Files that were sent, the newest first."""
        rows = await repository.page(work, after=uuid_after(paging), limit=paging.limit + 1)
        page = paging.page(rows, lambda row: (row["id"],))
        return Page(items=[KeptUploadView.of_row(row) for row in page.items], next_cursor=page.next_cursor)

    @routes.get("/{sha256}/{name}", dependencies=[requires(Permission.SESSIONS_READ)])
    async def get_upload(sha256: str, name: str, work: Work) -> KeptUploadView:
        """One file that was sent: its content's SHA-256 and its name, as `upload` has them."""
        return KeptUploadView.of_row(await uploads.named(work, sha256, name))

    @routes.delete("/{sha256}/{name}", dependencies=[requires(Permission.SESSIONS_WRITE)], status_code=204)
    async def delete_upload(sha256: str, name: str, work: Work) -> None:
        """Remove a file. Sessions keep what they have read of it; a workflow that names it fails from then on."""
        await uploads.remove(work, sha256, name)

    return routes


def _takes(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def _of_opening(error: ConnectorError) -> Exception:
    # A name that there is not is a 404; everything else lies behind the connection.
    return not_found() if error.type == ErrorType.NOT_FOUND else as_problem(error)
