"""The pages of people and data."""

from django.urls import path

from annotations.views import audit, benchmarks, configs, editor, floor, living, organisations, people, versions

app_name = "annotations"
urlpatterns = [
    path("configs/", configs.config_list, name="config-list"),
    path("configs/<int:pk>/", configs.config_detail, name="config-detail"),
    path("configs/new/", editor.config_new, name="config-new"),
    path("configs/<int:pk>/draft/", editor.config_draft, name="config-draft"),
    path("configs/<int:pk>/edit/", editor.config_edit, name="config-edit"),
    path("configs/<int:pk>/save/", editor.config_save, name="config-save"),
    path("configs/<int:pk>/preview/", editor.config_preview, name="config-preview"),
    path("configs/<int:pk>/v<int:number>/", configs.version_detail, name="version-detail"),
    path("configs/<int:pk>/v<int:number>/submit/", editor.version_submit, name="version-submit"),
    path("configs/<int:pk>/v<int:number>/withdraw/", editor.version_withdraw, name="version-withdraw"),
    path("configs/<int:pk>/v<int:number>/restore/", editor.version_restore, name="version-restore"),
    path("configs/<int:pk>/versions/", versions.version_list, name="version-list"),
    path("configs/<int:pk>/compare/", versions.version_compare, name="version-compare"),
    path("configs/<int:pk>/diff/<int:old>/<int:new>/", versions.version_diff, name="version-diff"),
    path("floor/", floor.floor_list, name="floor-list"),
    path("floor/v<int:number>/", floor.floor_detail, name="floor-detail"),
    path("floor/save/", floor.floor_save, name="floor-save"),
    path("benchmarks/", benchmarks.benchmark_list, name="benchmark-list"),
    path("benchmarks/<int:pk>/", benchmarks.benchmark_detail, name="benchmark-detail"),
    path("people/", people.person_list, name="person-list"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<int:pk>/", people.person_detail, name="person-detail"),
    path("people/<int:pk>/edit/", people.person_edit, name="person-edit"),
    path("people/<int:pk>/link/", people.person_link, name="person-link"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person-reactivate"),
    path("people/<int:pk>/roles/add/", people.role_add, name="role-add"),
    path("people/<int:pk>/roles/<int:membership>/remove/", people.role_remove, name="role-remove"),
    path("organisations/", organisations.organisation_list, name="organisation-list"),
    path("organisations/new/", organisations.organisation_new, name="organisation-new"),
    path("organisations/<int:pk>/edit/", organisations.organisation_edit, name="organisation-edit"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export/", audit.audit_export, name="audit-export"),
    path("living/", living.living, name="living"),
]
