"""Pages of the invoicing room."""

from django.urls import path

from invoicing import views

app_name = "invoicing"
urlpatterns = [
    path("invoices/", views.invoice_list, name="invoices"),
    path("invoices/new/", views.invoice_edit, name="new"),
    path("invoices/settings/", views.issuer, name="issuer"),
    path("invoices/book/<slug:kind>/", views.my_book, name="my_book"),
    path("invoices/receipts/<int:receipt_id>/undo/", views.receipt_undo, name="receipt_undo"),
    path("invoices/<int:invoice_id>/", views.invoice, name="invoice"),
    path("invoices/<int:invoice_id>/edit/", views.invoice_edit, name="edit"),
    path("invoices/<int:invoice_id>/pdf/", views.invoice_pdf, name="pdf"),
    path("invoices/<int:invoice_id>/<slug:step>/", views.invoice_step, name="step"),
    path("clients/", views.client_list, name="clients"),
    path("clients/new/", views.client_edit, name="client_new"),
    path("clients/<int:client_id>/", views.client_edit, name="client"),
    path("vat/", views.vat, name="vat"),
]
