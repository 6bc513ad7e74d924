-- What a busy account turned over in each month, kept beside its balance: by the same trigger, in the same transaction,
-- stripe by stripe. A row here is touched only by who holds the balance row of that account and stripe, so that it needs
-- no lock of its own and can wait for nobody; see docs/decisions on month totals.

-- Nobody records while the totals are added up for the first time.
LOCK TABLE ledger_transfer IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE ledger_turnover SET (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);

-- The trigger of 0002, with the turnover kept where it has moved the balances.
CREATE OR REPLACE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $guard$
DECLARE
    many integer;
    one ledger_transfer%ROWTYPE;
    limited bigint[];
    busy record;
    held numeric;
    named bigint;
    changed bigint;
    first_id bigint; first_stripe smallint; first_delta bigint;
    second_id bigint; second_stripe smallint; second_delta bigint;
    shut record;
    this_month date;
BEGIN
    SELECT count(*) INTO many FROM (SELECT 1 FROM added LIMIT 2) AS two;
    IF many = 0 THEN
        RETURN NULL;
    END IF;

    -- Closing a book and changing the limits of a busy account take this lock alone; recording shares it.
    IF many = 1 THEN
        SELECT * INTO one FROM added;
        PERFORM pg_advisory_xact_lock_shared(7001, one.book_id);
        SELECT closed_until INTO shut FROM ledger_book WHERE id = one.book_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ML001', MESSAGE = 'There is no such book.', DETAIL = one.book_id::text;
        END IF;
        IF one.booked_on < shut.closed_until THEN
            RAISE EXCEPTION USING ERRCODE = 'ML002', MESSAGE = 'The book is closed on that day.',
                DETAIL = shut.closed_until::text;
        END IF;
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7001, book_id)
            FROM (SELECT DISTINCT book_id FROM added ORDER BY book_id) AS books;
        SELECT b.closed_until, d.book_id, b.id INTO shut
            FROM (SELECT book_id, min(booked_on) AS first FROM added GROUP BY book_id) AS d
            LEFT JOIN ledger_book b ON b.id = d.book_id
            WHERE b.id IS NULL OR d.first < b.closed_until LIMIT 1;
        IF FOUND AND shut.id IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'ML001', MESSAGE = 'There is no such book.', DETAIL = shut.book_id::text;
        ELSIF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ML002', MESSAGE = 'The book is closed on that day.',
                DETAIL = shut.closed_until::text;
        END IF;
    END IF;

    -- A limit on a busy account holds for the sum of its stripes: whoever moves towards it locks them all, in order.
    IF many > 1 OR one.debit_id < 0 OR one.credit_id < 0 THEN
        SELECT array_agg(a.id ORDER BY a.id) INTO limited
            FROM (SELECT account_id, sum(delta) AS delta
                    FROM (SELECT debit_id AS account_id, amount AS delta FROM added WHERE debit_id < 0
                          UNION ALL SELECT credit_id, -amount FROM added WHERE credit_id < 0) AS both_sides
                    GROUP BY account_id) AS d
            JOIN ledger_account a ON a.id = d.account_id
            WHERE (d.delta > 0 AND a.amount_max IS NOT NULL) OR (d.delta < 0 AND a.amount_min IS NOT NULL);
        IF limited IS NOT NULL THEN
            PERFORM 1 FROM ledger_balance b
                WHERE b.account_id < 0 AND (b.account_id = ANY (limited) OR (b.account_id, b.stripe) IN (
                    SELECT debit_id, ledger_stripe(debit_id, id) FROM added WHERE debit_id < 0
                    UNION SELECT credit_id, ledger_stripe(credit_id, id) FROM added WHERE credit_id < 0))
                ORDER BY b.account_id, b.stripe FOR NO KEY UPDATE;
        END IF;
    END IF;

    IF many = 1 THEN
        IF one.debit_id < one.credit_id THEN
            first_id := one.debit_id; first_delta := one.amount;
            second_id := one.credit_id; second_delta := -one.amount;
        ELSE
            first_id := one.credit_id; first_delta := -one.amount;
            second_id := one.debit_id; second_delta := one.amount;
        END IF;
        first_stripe := ledger_stripe(first_id, one.id);
        second_stripe := ledger_stripe(second_id, one.id);
        UPDATE ledger_balance SET amount = amount + first_delta
            WHERE account_id = first_id AND stripe = first_stripe
              AND book_id = one.book_id AND currency_id = one.currency_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ML003', DETAIL = first_id::text,
                MESSAGE = 'There is no such account in that book and currency.';
        END IF;
        UPDATE ledger_balance SET amount = amount + second_delta
            WHERE account_id = second_id AND stripe = second_stripe
              AND book_id = one.book_id AND currency_id = one.currency_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ML003', DETAIL = second_id::text,
                MESSAGE = 'There is no such account in that book and currency.';
        END IF;
        -- Busy accounts have negative ids: where one of the two is busy, the first is.
        IF first_id < 0 THEN
            this_month := one.booked_on - extract(day FROM one.booked_on)::integer + 1;
            INSERT INTO ledger_turnover AS kept (account_id, month, stripe, debit, credit)
                SELECT account_id, this_month, stripe, greatest(delta, 0), greatest(-delta, 0)
                    FROM (VALUES (first_id, first_stripe, first_delta), (second_id, second_stripe, second_delta))
                        AS sides (account_id, stripe, delta)
                    WHERE account_id < 0
                ON CONFLICT (account_id, month, stripe)
                DO UPDATE SET debit = kept.debit + excluded.debit, credit = kept.credit + excluded.credit;
        END IF;
    ELSE
        WITH sums AS MATERIALIZED (
            SELECT account_id, stripe, book_id, currency_id, sum(delta)::bigint AS delta
                FROM (SELECT debit_id AS account_id, ledger_stripe(debit_id, id) AS stripe, book_id, currency_id,
                             amount AS delta FROM added
                      UNION ALL
                      SELECT credit_id, ledger_stripe(credit_id, id), book_id, currency_id, -amount FROM added) AS s
                GROUP BY account_id, stripe, book_id, currency_id
                ORDER BY account_id, stripe),
        moved AS (
            UPDATE ledger_balance b SET amount = b.amount + s.delta FROM sums s
                WHERE b.account_id = s.account_id AND b.stripe = s.stripe
                  AND b.book_id = s.book_id AND b.currency_id = s.currency_id
                RETURNING 1)
        SELECT (SELECT count(*) FROM sums), (SELECT count(*) FROM moved) INTO named, changed;
        IF named <> changed THEN
            SELECT s.account_id INTO first_id
                FROM (SELECT debit_id AS account_id, book_id, currency_id FROM added
                      UNION SELECT credit_id, book_id, currency_id FROM added) AS s
                WHERE NOT EXISTS (SELECT 1 FROM ledger_balance b WHERE b.account_id = s.account_id
                                  AND b.book_id = s.book_id AND b.currency_id = s.currency_id)
                ORDER BY 1 LIMIT 1;
            RAISE EXCEPTION USING ERRCODE = 'ML003', DETAIL = coalesce(first_id::text, 'an account'),
                MESSAGE = 'There is no such account in that book and currency.';
        END IF;
        INSERT INTO ledger_turnover AS kept (account_id, month, stripe, debit, credit)
            SELECT account_id, booked_on - extract(day FROM booked_on)::integer + 1, stripe, sum(debit), sum(credit)
                FROM (SELECT debit_id AS account_id, ledger_stripe(debit_id, id) AS stripe, booked_on,
                             amount AS debit, 0 AS credit FROM added WHERE debit_id < 0
                      UNION ALL
                      SELECT credit_id, ledger_stripe(credit_id, id), booked_on, 0, amount FROM added
                             WHERE credit_id < 0) AS sides
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (account_id, month, stripe)
            DO UPDATE SET debit = kept.debit + excluded.debit, credit = kept.credit + excluded.credit;
    END IF;

    IF limited IS NOT NULL THEN
        FOR busy IN SELECT id, book_id, currency_id, amount_min, amount_max FROM ledger_account WHERE id = ANY (limited) ORDER BY id LOOP
            SELECT sum(amount) INTO held FROM ledger_balance WHERE account_id = busy.id;
            IF held < busy.amount_min OR held > busy.amount_max THEN
                RAISE EXCEPTION USING ERRCODE = 'ML004', MESSAGE = 'The account would pass its limit.',
                    DETAIL = format('(%s, 0, %s, %s, %s, %s, %s)', busy.id, busy.currency_id, busy.book_id, held,
                                    coalesce(busy.amount_min::text, 'null'), coalesce(busy.amount_max::text, 'null'));
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $guard$;

-- Everything here can be added up again from the transfers. Recordings wait meanwhile; only the table's owner can do it.
CREATE FUNCTION ledger_rebuild_turnover() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE ledger_turnover IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE ledger_turnover DISABLE TRIGGER USER;
    TRUNCATE ledger_turnover;
    INSERT INTO ledger_turnover (account_id, month, stripe, debit, credit)
        SELECT account_id, month, stripe, sum(debit), sum(credit)
            FROM (SELECT debit_id AS account_id, date_trunc('month', booked_on)::date AS month,
                         ledger_stripe(debit_id, id) AS stripe, amount AS debit, 0 AS credit
                    FROM ledger_transfer WHERE debit_id < 0
                  UNION ALL
                  SELECT credit_id, date_trunc('month', booked_on)::date, ledger_stripe(credit_id, id), 0, amount
                    FROM ledger_transfer WHERE credit_id < 0) AS sides
            GROUP BY account_id, month, stripe;
    ALTER TABLE ledger_turnover ENABLE TRIGGER USER;
END $$;

-- Only the guard writes here.
CREATE FUNCTION ledger_turnover_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'Turnover is kept by transfers only.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_turnover_guarded AFTER INSERT OR UPDATE ON ledger_turnover
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_turnover_kept();
CREATE TRIGGER ledger_turnover_stays BEFORE DELETE OR TRUNCATE ON ledger_turnover
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

SELECT ledger_rebuild_turnover();
