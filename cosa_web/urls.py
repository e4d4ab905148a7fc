"""Every address of the application."""

from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.i18n import JavaScriptCatalog

from cosa_web import health, metrics, passwords, search, setup, views
from cosa_web.documents import views as documents

# The same for everybody, and asked for by pages of another language than English alone.
words_of_scripts = cache_control(public=True, max_age=3600)(conditional_page(JavaScriptCatalog.as_view()))

urlpatterns = [
    path("", views.home, name="home"),
    path("setup/", setup.setup, name="setup"),
    path("setup/model/", setup.setup_model, name="setup-model"),
    path("search/", search.search, name="search"),
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", passwords.PasswordChange.as_view(), name="password-change"),
    path("password/<uidb64>/<token>/", passwords.PasswordSet.as_view(), name="password-set"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.told, name="metrics"),
    path("jsi18n/", words_of_scripts, name="jsi18n"),
    path("docs/", documents.index, name="docs"),
    path("docs/pictures/<str:name>", documents.picture, name="docs-picture"),
    path("docs/<slug:name>/", documents.page, name="docs-page"),
    path("api/", include("cosa_web.api")),
    path("", include("annotations.urls")),
    path("", include("training.urls")),
]
handler500 = "cosa_web.views.broken"
