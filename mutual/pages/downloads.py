"""Lists to take away: any page that shows one may answer ``?format=csv`` and ``?format=xlsx`` with all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.request import QueryDict

from mutual import tables


def wanted(request: HttpRequest) -> bool:
    """Whether the list was asked for as a file instead of as a page.

    :raises Http404: if as a kind of file that there is not
    """
    kind = request.GET.get("format", "")
    if kind and kind not in tables.KINDS:
        raise Http404
    return bool(kind)


def table(
    request: HttpRequest, name: str, heading: Sequence[str], lines: Iterable[Sequence[tables.Cell]]
) -> HttpResponseBase:
    """The list as the file that was asked for, as CSV where none was; ``name`` is the file's without its ending."""
    kind = request.GET.get("format") or "csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":
        return StreamingHttpResponse(tables.as_csv(heading, lines), content_type=tables.MIME[kind], headers=headers)
    if kind not in tables.KINDS:
        raise Http404
    return HttpResponse(tables.as_xlsx(heading, lines, title=name), content_type=tables.MIME[kind], headers=headers)


def addresses(query: QueryDict, **also: str) -> list[tuple[str, str]]:
    """(name, address) of each kind of file, for the list as it is filtered now and by what is given besides."""
    found = []
    for kind, name in zip(tables.KINDS, ("CSV", "Excel"), strict=True):
        asked = query.copy()
        for word, value in {**also, "format": kind}.items():
            asked[word] = value
        asked.pop("page", None)
        found.append((name, "?" + asked.urlencode()))
    return found
