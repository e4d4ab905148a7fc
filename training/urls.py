"""The pages of machines."""

from django.urls import path

from training.views import (
    campaign_differences,
    campaign_pick,
    campaign_results,
    comments,
    items,
    models,
    playground,
    reviews,
    runs,
    tokens,
    version_tests,
)

app_name = "training"
urlpatterns = [
    path("models/", models.model_list, name="model-list"),
    path("models/new/", models.model_new, name="model-new"),
    path("models/<int:pk>/", models.model_detail, name="model-detail"),
    path("models/<int:pk>/edit/", models.model_edit, name="model-edit"),
    path("models/<int:pk>/test/", models.model_test, name="model-test"),
    path("playground/", playground.playground_page, name="playground"),
    path("playground/ask/", playground.playground_ask, name="playground-ask"),
    path("playground/stop/", playground.playground_stop, name="playground-stop"),
    path("playground/save/", playground.playground_save, name="playground-save"),
    path("reviews/", reviews.review_list, name="review-list"),
    path("configs/<int:pk>/v<int:number>/review/", reviews.review_detail, name="review-detail"),
    path("configs/<int:pk>/v<int:number>/decide/", reviews.review_decide, name="review-decide"),
    path("configs/<int:pk>/v<int:number>/retire/", reviews.version_retire, name="version-retire"),
    path("configs/<int:pk>/v<int:number>/comments/", comments.comment_add, name="comment-add"),
    path(
        "configs/<int:pk>/v<int:number>/comments/<int:comment>/resolve/",
        comments.comment_resolve,
        name="comment-resolve",
    ),
    path("configs/<int:pk>/v<int:number>/tests/", version_tests.version_tests, name="version-tests"),
    path("configs/<int:pk>/v<int:number>/tests/run/", version_tests.version_test_run, name="version-test-run"),
    path("configs/<int:pk>/tokens/", tokens.config_tokens, name="config-tokens"),
    path("runs/", runs.run_list, name="run-list"),
    path("runs/new/", runs.run_new, name="run-new"),
    path("runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
    path("runs/<int:pk>/resume/", runs.run_resume, name="run-resume"),
    path("runs/<int:pk>/items/", items.item_list, name="item-list"),
    path("runs/<int:pk>/items/<int:item>/", items.item_detail, name="item-detail"),
    path("campaigns/<int:pk>/pick/", campaign_pick.campaign_pick, name="campaign-pick"),
    path("campaigns/<int:pk>/results/", campaign_results.campaign_results, name="campaign-results"),
    path("campaigns/<int:pk>/differences/", campaign_differences.campaign_differences, name="campaign-differences"),
    path(
        "campaigns/<int:pk>/differences/<int:item>/",
        campaign_differences.campaign_difference,
        name="campaign-difference",
    ),
]
