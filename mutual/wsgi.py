"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mutual.settings")

application = get_wsgi_application()

from mutual.vault import keys  # noqa: E402  (Django has to be set up first)

keys.ring()  # no web server starts that could not read what it seals
