"""What members earn: clients, invoices, credit notes, and trades with one another."""
