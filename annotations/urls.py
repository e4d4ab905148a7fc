"""The pages of people and data."""

from django.urls import path

from annotations.views import benchmarks, configs, living

app_name = "annotations"
urlpatterns = [
    path("configs/", configs.config_list, name="config-list"),
    path("configs/<int:pk>/", configs.config_detail, name="config-detail"),
    path("configs/<int:pk>/v<int:number>/", configs.version_detail, name="version-detail"),
    path("benchmarks/", benchmarks.benchmark_list, name="benchmark-list"),
    path("benchmarks/<int:pk>/", benchmarks.benchmark_detail, name="benchmark-detail"),
    path("living/", living.living, name="living"),
]
