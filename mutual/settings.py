"""The one settings module: the environment, read once, into typed values.

Nothing needs to be set to try the product: private servers are started when no URL is given (``mutual/embedded.py``).
``deploy/mutual.env.example`` lists what a real installation sets.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from environs import Env

from mutual import currencies, embedded  # currencies adds CREDIT and HOUR before any model is loaded

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- The installation ---------------------------------------------------------------------------------------------

PRODUCTION: bool = env.bool("MUTUAL_PRODUCTION", False)
"""A real cooperative: no demo, no local outbox, secrets must be given, cookies over HTTPS only."""

COOPERATIVE_NAME: str = env.str("COOPERATIVE_NAME", "Werkbund Mutual")
COOPERATIVE_ADDRESS: str = env.str("COOPERATIVE_ADDRESS", "Lindenhof 4\n10115 Berlin\nGermany")
COOPERATIVE_CURRENCY: str = env.str("COOPERATIVE_CURRENCY", "EUR")
YEAR_STARTS_IN: int = env.int("YEAR_STARTS_IN", 1)
"""The month the cooperative's year starts in."""

BARTER_CREDIT_LIMIT: int = env.int("BARTER_CREDIT_LIMIT", 250)
"""How many credits below zero a new member may go; a limit of zero stops first trades (rule L3)."""
BARTER_CREDIT_MAXIMUM: int = env.int("BARTER_CREDIT_MAXIMUM", 1000)
BARTER_HOUR_LIMIT: int = env.int("BARTER_HOUR_LIMIT", 20)
BARTER_HOUR_MAXIMUM: int = env.int("BARTER_HOUR_MAXIMUM", 40)

DEMO_MONTHS: int = env.int("DEMO_MONTHS", 14)
"""How long the demonstration has been working when it is made."""

INSTALLATION: str = env.str("INSTALLATION", "mutual")
"""The name a person must type before anything destructive happens."""

SITE_URL: str = env.str("SITE_URL", f"http://localhost:{env.int('PORT', 8000)}")

_not_secret = "demo-" + hashlib.sha256(str(BASE_DIR).encode()).hexdigest()
SECRET_KEY: str = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", _not_secret)
SEALING_KEY: str = env.str("SEALING_KEY") if PRODUCTION else env.str("SEALING_KEY", _not_secret + "-sealing")
"""What second-factor secrets are encrypted with at rest; never the same as SECRET_KEY."""

VAULT_KEY_FILE: str = (
    env.str("VAULT_KEY_FILE") if PRODUCTION else env.str("VAULT_KEY_FILE", str(BASE_DIR / "var" / "vault.key"))
)
"""The file with the keys that wrap the keys of sealed claims. Outside production it is made where there is none."""
VAULT_ERASURES_FILE: str = env.str("VAULT_ERASURES_FILE", str(BASE_DIR / "var" / "erasures.log"))
"""The journal of what was erased, kept apart from the database and its backups: a restore reads it."""

BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", False)
"""Whether one reverse proxy stands in front, which sets X-Forwarded-Proto and adds the visitor to X-Forwarded-For."""
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])

# --- Where things are kept ----------------------------------------------------------------------------------------

_servers = embedded.servers()
"""From DATABASE_URL and REDIS_URL where they are set, else the private ones, started if they do not run."""

DATABASE_URL: str = _servers.database_url
REDIS_URL: str = _servers.redis_url

DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 5,
        "application_name": "mutual",
        # A web request may wait this long; long work raises it for its own session.
        "options": "-c statement_timeout=60000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=120000",
    }
)
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CURRENCY_CODE_MAX_LENGTH = 12
CURRENCIES = [*currencies.MONEY, *currencies.BARTER]
DEFAULT_CURRENCY = COOPERATIVE_CURRENCY

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- The parts ----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "members.apps.MembersConfig",
    "members.governance.apps.GovernanceConfig",
    "mutual.ledger.apps.LedgerConfig",
    "mutual.jobs.apps.JobsConfig",
    "mutual.mail.apps.MailConfig",
    "mutual.trail.apps.TrailConfig",
    "mutual.documents.apps.DocumentsConfig",
    "mutual.vault.apps.VaultConfig",
    "mutual.pages.apps.PagesConfig",
    "pooling.apps.PoolingConfig",
    "pooling.benefits.apps.BenefitsConfig",
    "pooling.treasury.apps.TreasuryConfig",
    "pooling.buffers.apps.BuffersConfig",
    "pooling.dunning.apps.DunningConfig",
    "pooling.easing.apps.EasingConfig",
    "pooling.claims.apps.ClaimsConfig",
    "pooling.claims.appeals.apps.AppealsConfig",
    "pooling.solvency.apps.SolvencyConfig",
    "pooling.surplus.apps.SurplusConfig",
    "pooling.circles.apps.CirclesConfig",
    "pooling.payouts.apps.PayoutsConfig",
    "pooling.founding.apps.FoundingConfig",
    "invoicing.apps.InvoicingConfig",
    "invoicing.barter.apps.BarterConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "djmoney",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MUTUAL_ROOMS = [
    "members.room",
    "mutual.ledger.room",
    "mutual.jobs.room",
    "pooling.room",
    "pooling.benefits.room",
    "pooling.treasury.room",
    "pooling.buffers.room",
    "pooling.dunning.room",
    "pooling.easing.room",
    "pooling.claims.room",
    "pooling.solvency.room",
    "pooling.claims.appeals.room",
    "pooling.surplus.room",
    "pooling.circles.room",
    "pooling.payouts.room",
    "pooling.founding.room",
    "invoicing.room",
    "invoicing.barter.room",
]
"""The rooms that offer pages, statement sections, cards and facts; see ``mutual/rooms.py``."""

BENEFIT_HISTORY = "pooling.claims.history.absences"
"""Who tells the rules of the absences before: a function as ``pooling.benefits.facts.absences`` describes it."""
COVER_INDEX = "pooling.payouts.index.current_index"
"""Who knows what share of approved benefits a fund pays at present: a function of the fund; none where it is empty."""

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mutual.pages.views.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "members.middleware.SeenMiddleware",
    "mutual.access.PolicyMiddleware",
    "mutual.pages.views.RepeatMiddleware",
]

ROOT_URLCONF = "mutual.urls"
WSGI_APPLICATION = "mutual.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "mutual.pages.context.page",
            ],
        },
    }
]
FORM_RENDERER = "mutual.pages.renderer.Renderer"
CSRF_FAILURE_VIEW = "mutual.pages.views.csrf_refused"

# --- Signing in ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up; without it the sign-in form asks no password
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True  # one address; the new one replaces it once it is confirmed, and the old one is told
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"{COOPERATIVE_NAME}: "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds that a factor shown counts as shown just now
ACCOUNT_USER_DISPLAY = "members.sign_in.display"
ACCOUNT_ADAPTER = "members.sign_in.AccountAdapter"
MFA_ADAPTER = "members.sign_in.MFAAdapter"
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up: addresses come from admissions
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TOTP_ISSUER = COOPERATIVE_NAME
USERSESSIONS_TRACK_ACTIVITY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# --- What a browser may do ----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
"""Uploads stay in memory: a certificate must never lie on a disk in the clear, not even for a moment."""
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Languages and places -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("fr", _("French")), ("ja", _("Japanese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE: str = env.str("COOPERATIVE_TIME_ZONE", "Europe/Berlin")

# --- Files --------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Mail ---------------------------------------------------------------------------------------------------------

SMTP_URL: str = env.str("SMTP_URL", "")
LOCAL_OUTBOX: bool = not SMTP_URL and not PRODUCTION
"""Without SMTP, mail goes to a page (/outbox/) instead of the world."""
EMAIL_BACKEND = "mutual.mail.backend.LetterBackend"
DEFAULT_FROM_EMAIL: str = env.str("MAIL_FROM", f"{COOPERATIVE_NAME} <office@mutual.example>")

# --- Work that follows --------------------------------------------------------------------------------------------

CELERY_BROKER_URL: str = _servers.broker_url
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_TASK_TIME_LIMIT = 3 * 3600
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_DEFAULT_QUEUE = "quick"
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in ("quick", "long")}
"""Letters and clockwork; and what may take long, with workers of its own so that no sign-in code waits behind it."""
CELERY_TASK_ROUTES = {
    name: {"queue": "long"}
    for name in (
        "mutual.jobs.tasks.do_long",
        "mutual.ledger.tasks.audit_ledger",
        "mutual.ledger.tasks.back_up",
        "pooling.solvency.tasks.simulate_at_night",
    )
}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep the queue": {"task": "mutual.jobs.tasks.sweep", "schedule": 15.0},
    "audit the ledger": {"task": "mutual.ledger.tasks.audit_ledger", "schedule": 600.0},
    "seal yesterday": {"task": "mutual.ledger.tasks.seal_days", "schedule": 3600.0},
    "look after the claims desk": {"task": "pooling.claims.tasks.every_day", "schedule": 3600.0},
    "destroy vault keys in time": {"task": "mutual.vault.tasks.destroy_due", "schedule": 3600.0},
    "write reminders": {"task": "pooling.dunning.tasks.remind_daily", "schedule": 3600.0},
    "settle changed dues": {"task": "pooling.easing.tasks.settle_changes", "schedule": 21600.0},
    "return buffers": {"task": "pooling.buffers.tasks.return_what_is_due", "schedule": 3600.0},
    "simulate the funds": {"task": "pooling.solvency.tasks.simulate_at_night", "schedule": 3600.0},
    "back up at night": {"task": "mutual.ledger.tasks.back_up", "schedule": 1800.0},
    "forget finished jobs": {"task": "mutual.jobs.tasks.forget_done", "schedule": 86400.0},
    "forget where applications came from": {"task": "members.tasks.forget_tallies", "schedule": 3600.0},
    "let circles turn": {"task": "pooling.circles.tasks.turn", "schedule": 3600.0},
    "repay loans between funds": {"task": "pooling.payouts.tasks.repay_loans", "schedule": 3600.0},
}
for _bell in CELERY_BEAT_SCHEDULE.values():
    # A bell that nobody heard before the next one rings is forgotten: they do not pile up.
    _bell["options"] = {"expires": _bell["schedule"]}
JOBS_DISABLED: bool = env.bool("JOBS_DISABLED", False)

# --- Backups ------------------------------------------------------------------------------------------------------

BACKUP_DIR: str = env.str("BACKUP_DIR", "")
"""Where the nightly backup goes; without it there is none."""
BACKUP_KEEP_DAYS: int = env.int("BACKUP_KEEP_DAYS", 35)
"""For so many days every backup is kept; 0 keeps all for ever."""
BACKUP_KEEP_MONTHS: int = env.int("BACKUP_KEEP_MONTHS", 12)
"""For so many months the first of each is kept."""
BACKUP_KEY_FILE: str = env.str("BACKUP_KEY_FILE", "")
"""A file with at least 32 random bytes: backups are encrypted with it. Keep a copy apart from them."""

# --- Logs ---------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
}
