"""Every address of the application."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from cosa_web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("", include("annotations.urls")),
    path("", include("training.urls")),
]
