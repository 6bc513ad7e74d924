"""What a supervisor or a load balancer asks: does this web server reach its database?"""

import psycopg
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mutual import access


@access.anyone
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 "ok" where the database answers, 503 where it does not; nothing else is said to strangers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, psycopg.Error):
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
