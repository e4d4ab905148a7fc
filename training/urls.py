"""The pages of machines."""

from django.urls import path

from training.views import items, models, runs

app_name = "training"
urlpatterns = [
    path("models/", models.model_list, name="model-list"),
    path("models/new/", models.model_new, name="model-new"),
    path("models/<int:pk>/", models.model_detail, name="model-detail"),
    path("models/<int:pk>/edit/", models.model_edit, name="model-edit"),
    path("models/<int:pk>/test/", models.model_test, name="model-test"),
    path("runs/", runs.run_list, name="run-list"),
    path("runs/new/", runs.run_new, name="run-new"),
    path("runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
    path("runs/<int:pk>/resume/", runs.run_resume, name="run-resume"),
    path("runs/<int:pk>/items/", items.item_list, name="item-list"),
    path("runs/<int:pk>/items/<int:item>/", items.item_detail, name="item-detail"),
]
