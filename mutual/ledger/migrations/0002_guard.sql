-- The guard of the ledger. It lets a transfer in only if the books stay whole, keeps the balances, and lets nothing out.
-- One statement-level trigger serves one row and 230,000 alike; no way of inserting (ORM, COPY, psql) passes it by.

ALTER TABLE ledger_balance SET (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE ledger_transfer ALTER COLUMN recorded_at SET DEFAULT clock_timestamp();
ALTER TABLE ledger_transfer ALTER COLUMN document SET DEFAULT '';
CREATE INDEX transfer_booked_on ON ledger_transfer USING brin (booked_on) WITH (pages_per_range = 32);
CREATE INDEX transfer_recorded_at ON ledger_transfer USING brin (recorded_at) WITH (pages_per_range = 32);
CREATE SEQUENCE ledger_busy_account AS bigint INCREMENT -1 START -1 MINVALUE -9223372036854775808 MAXVALUE -1;

-- The same as mutual.ledger.keys.entry_id; a test compares them.
CREATE FUNCTION ledger_entry_id(book integer, key text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(
    substr(sha256(convert_to(book || '|' || rtrim(split_part(key, '/', 1) || '/' || split_part(key, '/', 2), '/'), 'UTF8')), 1, 4)
    || substr(sha256(convert_to(book || '|' || key, 'UTF8')), 1, 10)
    || '\x0000'::bytea,
    'hex')::uuid;

CREATE FUNCTION ledger_line_id(book integer, key text, line integer) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(
    substr(sha256(convert_to(book || '|' || rtrim(split_part(key, '/', 1) || '/' || split_part(key, '/', 2), '/'), 'UTF8')), 1, 4)
    || substr(sha256(convert_to(book || '|' || key, 'UTF8')), 1, 10)
    || substr(int4send(line), 3, 2),
    'hex')::uuid;

CREATE FUNCTION ledger_entry_of(transfer uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (left(transfer::text, 32) || '0000')::uuid;

-- A busy account (negative id) has 64 rows of balance; which one a transfer touches follows from its id.
CREATE FUNCTION ledger_stripe(account bigint, transfer uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN account < 0 THEN (uuid_hash(transfer) & 63)::smallint ELSE 0::smallint END;

CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql
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

CREATE TRIGGER ledger_transfer_apply AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();

-- Nothing recorded is changed or removed: a correction is a reversal.
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'What the ledger has recorded is never changed or removed.';
END $$;
CREATE TRIGGER ledger_transfer_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_closing_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_closing
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_seal_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_balance_kept BEFORE DELETE OR TRUNCATE ON ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- What an account is never changes; only its limits do.
CREATE FUNCTION ledger_account_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.book_id, NEW.code, NEW.currency_id, NEW.type) IS DISTINCT FROM
       (OLD.id, OLD.book_id, OLD.code, OLD.currency_id, OLD.type) THEN
        RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'What an account is never changes.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_fixed BEFORE UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_is();

-- A new account gets its balance rows at once: one, or 64 for a busy one.
CREATE FUNCTION ledger_account_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_balance (account_id, stripe, book_id, currency_id, amount, amount_min, amount_max)
        SELECT a.id, s, a.book_id, a.currency_id, 0,
               CASE WHEN a.id > 0 THEN a.amount_min END, CASE WHEN a.id > 0 THEN a.amount_max END
        FROM opened a CROSS JOIN LATERAL generate_series(0, CASE WHEN a.id < 0 THEN 63 ELSE 0 END) AS s;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_account_balance AFTER INSERT ON ledger_account
    REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION ledger_account_opened();

-- Only the guard moves a balance: an UPDATE of an amount from anywhere else is refused.
CREATE FUNCTION ledger_balance_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'Balances are moved by transfers only.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_balance_guarded AFTER UPDATE OF amount ON ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_balance_moved();

-- The hash of one row, over everything in it and nothing personal.
CREATE FUNCTION ledger_leaf(t ledger_transfer) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(
    t.book_id || '|' || t.id || '|' || coalesce(t.reverses::text, '') || '|' || t.kind || '|' || t.currency_id || '|'
    || (t.booked_on - date '2000-01-01') || '|' || t.debit_id || '|' || t.credit_id || '|' || t.amount || '|'
    || (extract(epoch FROM t.recorded_at) * 1000000)::bigint || '|' || coalesce(t.recorded_by::text, '') || '|'
    || t.document, 'UTF8'));

-- The Merkle root of leaves of 32 bytes each, laid end to end: pairs are hashed together level by level, an odd one goes
-- up as it is.
CREATE FUNCTION ledger_merkle(leaves bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    level bytea := leaves;
BEGIN
    IF coalesce(length(level), 0) = 0 THEN
        RETURN sha256(''::bytea);
    END IF;
    WHILE length(level) > 32 LOOP
        SELECT string_agg(CASE WHEN length(pair) = 64 THEN sha256('\x01'::bytea || pair) ELSE pair END, ''::bytea ORDER BY i)
            INTO level
            FROM generate_series(0, (length(level) - 1) / 64) AS i, substr(level, 64 * i + 1, 64) AS pair;
    END LOOP;
    RETURN level;
END $$;
