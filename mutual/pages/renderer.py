"""Forms look the same wherever they are shown, also those of allauth: one renderer for all (``FORM_RENDERER``)."""

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Django's own rendering, with the project's templates for forms, fields and widgets."""

    form_template_name = "components/fields.html"
    field_template_name = "components/field.html"
