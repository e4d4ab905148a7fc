"""People and organisations in Django's admin; everything else has pages of its own."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from annotations.models import Membership, Organisation, User


class MembershipInline(admin.TabularInline):
    """A person's roles."""

    model = Membership
    extra = 1


@admin.register(User)
class PersonAdmin(UserAdmin):
    """A person with their roles."""

    inlines = [MembershipInline]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    """An organisation."""

    list_display = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
