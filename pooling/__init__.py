"""What members put in and get out: funds, dues, payments, claims and surplus."""
