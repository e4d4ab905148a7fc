"""Settings of CoSA Web. Every COSA_ variable is explained in .env.example."""

import socket
from datetime import timedelta
from os import getpid
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF

from cosa_web import artifact_settings, env, env_guard, env_names, logs
from cosa_web.api_settings import REST_FRAMEWORK as REST_FRAMEWORK
from cosa_web.api_settings import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from cosa_web.api_settings import caches

BROKERS, WEB = ("redis", "rediss", "redis+socket"), ("http", "https")

BASE_DIR = Path(__file__).resolve().parent.parent
env_names.refuse_unknown(env_names.known(BASE_DIR / ".env.example"))
VAR_DIR = Path(env.text("COSA_VAR", str(BASE_DIR / "var")))
env_guard.for_us_alone(VAR_DIR)

DEBUG = env.flag("COSA_DEBUG")
DEMO = env.flag("COSA_DEMO")
HTTPS = env.flag("COSA_HTTPS")
BEHIND_PROXY = env.flag("COSA_BEHIND_PROXY")
env_names.check_place(debug=DEBUG, demo=DEMO, https=HTTPS or BEHIND_PROXY)
SECRET_KEY = env.secret("COSA_SECRET_KEY", VAR_DIR / "secret_key")
ALLOWED_HOSTS = env.host_names("COSA_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.origins("COSA_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "annotations",
    "training",
    "cosa_web",
]
MIDDLEWARE = [
    "cosa_web.edge.Edge",
    "cosa_web.metrics.Measured",
    "cosa_web.requests_log.RequestsLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cosa_web.packed.Pages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "cosa_web.urls"
WSGI_APPLICATION = "cosa_web.wsgi.application"
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
                "cosa_web.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "annotations.templatetags.look",
                "annotations.templatetags.markdown",
                "training.templatetags.candidates",
                "cosa_web.crumbs",
            ],
        },
    }
]

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": env.text("COSA_SQLITE", str(VAR_DIR / "cosa.sqlite3")),
    # Opening the file anew for each request costs more than most requests: 3 ms, and its last user tidies its journal.
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    "TEST": {"NAME": str(VAR_DIR / f"test-{getpid()}.sqlite3")},
}
# A pool that goes on trying by itself waits longer each time, up to minutes; this one gives up, and whoever comes next
# makes it try at once: pages are back some two seconds after the database.
PATIENCE = {"timeout": 5, "reconnect_timeout": 5}
POOL = {"min_size": 1, "max_size": int(env.number("COSA_DATABASE_CONNECTIONS", 16, low=2))} | PATIENCE
LIMITS = "-c lock_timeout=20s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
# A network that was dropped is noticed in seconds; over a socket they mean nothing
ALIVE = {"tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
POSTGRESQL = env.postgresql("COSA_DATABASE", {"pool": POOL, "options": LIMITS, "connect_timeout": 5} | ALIVE)
DATABASES = {"default": POSTGRESQL or SQLITE}
# A file of keys is for one machine; with a database of its own there may be several, and the variable is for all.
FERNET_KEYS = env_guard.fernet_keys("COSA_FERNET_KEYS", None if POSTGRESQL else VAR_DIR / "fernet_keys")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "annotations.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# Failed log-ins count by user name and address together, until one succeeds or none has failed for the time to wait;
# twenty times as many by each alone.
AXES_HANDLER = "cosa_web.throttle.Handler"
AXES_FAILURE_LIMIT = int(env.number("COSA_LOGIN_TRIES", 5, low=1))
AXES_COOLOFF_TIME = timedelta(minutes=env.number("COSA_LOGIN_WAIT_MINUTES", 15, low=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = AXES_ENABLE_ADMIN = AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "cosa_web.throttle.client_name"
AXES_CLIENT_IP_CALLABLE = "cosa_web.throttle.client_address"
AXES_LOCKOUT_CALLABLE = "cosa_web.throttle.locked_out"
DEFAULT_EXCEPTION_REPORTER_FILTER = "cosa_web.reports.Filter"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": HTTPS,
    }
}
# The pages' own scripts read the cookie of forms, so that one is not for the browser alone; the one of log-ins is.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A probe asks without HTTPS and is told nothing that others may not know.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = int(env.number("COSA_HSTS_SECONDS", 3600)) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("COSA_HSTS_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.flag("COSA_HSTS_PRELOAD")
# Whether browsers carry the name in their own lists is for the owner of the domain to decide, and hard to take back.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_CODE = env.language("COSA_LANGUAGE", "en-gb", LOCALE_PATHS[0])
# English needs no catalogue, and a page of many rows would feel each look into one.
USE_I18N = not LANGUAGE_CODE.startswith("en")
TIME_ZONE = env.time_zone("COSA_TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = env.folder("COSA_STATIC", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEMO or DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

CAPABILITY_PYTHON = env.text("COSA_CAPABILITY_PYTHON")
TAXONOMY_PYTHON = env.text("COSA_TAXONOMY_PYTHON")
TRAINING_PYTHON = env.text("COSA_TRAINING_PYTHON", env.there(BASE_DIR / ".venv-training/bin/python"))
VLLM_PYTHON = env.text("COSA_VLLM_PYTHON")
NODE = env.text("COSA_NODE", socket.gethostname())
TRAINING_DIR = Path(env.text("COSA_TRAINING_DIR", str(VAR_DIR / "training")))
ALONE_SECONDS = env.number("COSA_ALONE_SECONDS", 900, low=5)
IDLE_SECONDS = env.number("COSA_IDLE_SECONDS", 300, low=1)

CELERY_BROKER_URL = env.address("COSA_BROKER", "redis://127.0.0.1:6379/0", BROKERS)
# Limits of keys are counted here. It may be emptied at any time: what a month has used is read from the database again.
COUNTED_AT = CELERY_BROKER_URL.replace("redis+socket://", "unix://")
GATEWAY_REDIS = env.address("COSA_GATEWAY_REDIS", COUNTED_AT, ("redis", "rediss", "unix"))
CACHES = caches(GATEWAY_REDIS)
API_PER_MINUTE = int(env.number("COSA_API_PER_MINUTE", 600))
API_PER_MINUTE_ANONYMOUS = int(env.number("COSA_API_PER_MINUTE_ANONYMOUS", 60))
# What others can reach does not ask around in its own network for them, unless it is told to.
MODEL_HOSTS = env_guard.reachable("COSA_MODEL_HOSTS", "public" if HTTPS else "public,private,loopback")
env.address("COSA_EMBEDDED_URL", "", WEB)
GATEWAY_URL = env.address("COSA_GATEWAY_URL", "http://127.0.0.1:8001", WEB).rstrip("/")
GATEWAY_INSIDE = env.address("COSA_GATEWAY_INSIDE", "", WEB).rstrip("/")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "short"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A page that hints while the broker is away must not wait for it: the sweeper hints later.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 20,
    "max_retries": 1,
    "interval_start": 0,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SWEEP_SECONDS = env.number("COSA_SWEEP_SECONDS", 15, low=0.5)
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}
    for name, task in (("runs", "training.tasks.sweep"), ("work", "annotations.tasks.sweep_work"))
}
NIGHTLY = {"schedule": crontab(hour="3", minute="17"), "options": {"queue": "cpu", "expires": 3_600}}
CELERY_BEAT_SCHEDULE["old"] = {"task": "cosa_web.tasks.forget_old"} | NIGHTLY
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
UPLOADS_DIR, PREFERENCES_DIR = VAR_DIR / "uploads", VAR_DIR / "preferences"
STORAGES = artifact_settings.storages(VAR_DIR / "artifacts")
ARTIFACTS_SHARED = bool(env.text(artifact_settings.NAME))
ARTIFACTS_CACHE_DIR = VAR_DIR / "artifacts-cache"
ARTIFACTS_CACHE_BYTES = env.number("COSA_ARTIFACTS_CACHE_GB", 20, low=1) * (1 << 30)
# A form without its files: a paste of a million characters, of which one can take twelve bytes on its way here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 13_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS, DATA_UPLOAD_MAX_NUMBER_FILES = 1000, 5
UPLOAD_MEGABYTES = env.number("COSA_UPLOAD_MEGABYTES", 150, low=1)
# Without the token nobody is told any metrics; without the folder each process tells of itself alone.
METRICS_TOKEN = env_guard.token("COSA_METRICS_TOKEN")
METRICS_DIR = env.text("COSA_METRICS_DIR")
LEASE_SECONDS = env.number("COSA_LEASE_SECONDS", 30, low=1)
# Days after which something is forgotten; 0 is never. Nothing that a number depends on is among it.
KEEP_DAYS = {
    "sessions": env.number("COSA_KEEP_SESSIONS_DAYS", 1),
    "tries": env.number("COSA_KEEP_LOGIN_TRIES_DAYS", 30),
    "traffic": env.number("COSA_KEEP_TRAFFIC_DAYS", 400),
    "drafts": env.number("COSA_KEEP_DRAFTS_DAYS", 90),
    "strays": env.number("COSA_KEEP_STRAY_FILES_DAYS", 2),
    "broken": env.number("COSA_KEEP_BROKEN_CHECKPOINTS_DAYS", 30),
    "fetched": env.number("COSA_KEEP_FETCHED_CHECKPOINTS_DAYS", 30),
    "logs": env.number("COSA_KEEP_SERVER_LOGS_DAYS", 30),
}

LOGGING = logs.settings(
    env.choice("COSA_LOG_LEVEL", "WARNING", logs.LEVELS), env.choice("COSA_LOG_FORMAT", "line", logs.FORMATS)
)
