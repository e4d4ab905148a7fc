"""Every address of the application."""

from django.contrib.auth import views as auth
from django.urls import include, path

from cosa_web import health, metrics, passwords, search, setup, views
from cosa_web.documents import views as documents

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
    path("docs/", documents.index, name="docs"),
    path("docs/pictures/<str:name>", documents.picture, name="docs-picture"),
    path("docs/<slug:name>/", documents.page, name="docs-page"),
    path("api/", include("cosa_web.api")),
    path("", include("annotations.urls")),
    path("", include("training.urls")),
]
handler500 = "cosa_web.views.broken"
