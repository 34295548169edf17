set search_path = public, pg_temp;

-- Looking people and exams up in the mirror, fast and with typing errors forgiven.
--
-- Own trigrams rather than the extension pg_trgm: the same on every PostgreSQL, the local stack's
-- included, and nothing to enable in a hosted project. The index is over an expression of columns that
-- a changed balance leaves alone, so a copy of new credits touches no index (HOT) and costs nothing more.
--
-- Their bodies are bound when they are made, so that an index is maintained under any search_path.

-- Small letters without accents. core/credits/likeness.py does the same.
create or replace function credit_desk_fold(given text) returns text
language sql immutable parallel safe
return regexp_replace(
    normalize(
        replace(replace(replace(
            translate(lower(given), 'øłđı', 'oldi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'
        ), NFKD
    ),
    '[\u0300-\u036f]', '', 'g'
);

-- All by which a contact can be found, as words parted by single blanks, one before the first. A person
-- is looked for by the beginning of each: one pasted by mistake, of many thousand characters, would take
-- so long to be cut into trigrams that a copy runs into its time limit.
create or replace function credit_desk_words(
    firstname text, lastname text, email text, student_id text
) returns text
language sql immutable parallel safe
return ' ' || trim(regexp_replace(credit_desk_fold(
    left(coalesce(firstname, ''), 200) || ' ' || left(coalesce(lastname, ''), 200) || ' '
    || left(coalesce(email, ''), 320) || ' ' || left(coalesce(student_id, ''), 200)
), '[^0-9a-z]+', ' ', 'g'));

-- The trigrams of such words: two blanks before each word, one behind, as pg_trgm makes them.
create or replace function credit_desk_trigrams(words text) returns text[]
language sql immutable parallel safe
begin atomic
    select coalesce(array_agg(distinct substr(p.padded, n.n, 3)), '{}')
    from unnest(string_to_array(trim(words), ' ')) as w (word)
    cross join lateral (select '  ' || w.word || ' ') as p (padded)
    cross join lateral generate_series(1, length(w.word) + 1) as n (n)
    where w.word <> '';
end;

-- Makes the functions that look people, exams and refunds up, and their indexes, for the columns that
-- the tables have now.
--
-- credit_desk_find(asked, must, alike, most): contacts that may be meant, at most `most`.
--   asked  what was typed, without blanks around it
--   must   trigrams that every contact found by words has; null or none: nothing to go by
--   alike  trigrams worth looking for when words may be misspelt; none: do not look
-- Answers contact, found_by (id | student_id | email | booking | words | like) and booking. Those found
-- by words or by likeness are candidates: who asks judges them. Likeness is only tried for want of
-- others, for it costs the most.
--
-- credit_desk_sessions(since, until, tokens, most): exams of these days, soonest first, each with its
-- bookings counted. tokens: those that spend a credit, for what is owed. What is owed is counted as the
-- desk does: a booking whose refund mark is unclear, for the time or the admin of a refund is there
-- without the mark, or whose attendance is not "No" or empty, waits for a person and is not counted.
--
-- credit_desk_unrefunded(after, most): ids of bookings that are cancelled, with a token and without the
-- mark of a refund.
create or replace procedure credit_desk_build_lookup()
language plpgsql set search_path from current as $$
declare
    names jsonb := (
        select jsonb_object_agg(k.kind || '.' || k.ours, quote_ident(credit_desk_name(k.kind, k.ours)))
        from (values
            ('contacts', 'firstname'), ('contacts', 'lastname'), ('contacts', 'email'),
            ('contacts', 'student_id'), ('bookings', 'booking_id'),
            ('bookings', 'contact_hubspot_id'), ('bookings', 'exam_hubspot_id'),
            ('bookings', 'is_active'), ('bookings', 'token_used'), ('bookings', 'token_refunded'),
            ('bookings', 'token_refunded_at'), ('bookings', 'token_refund_admin'),
            ('bookings', 'attendance'), ('exams', 'exam_date'), ('exams', 'start_time')
        ) as k (kind, ours)
    );
    words text := format(
        'credit_desk_trigrams(credit_desk_words(%s::text, %s::text, %s::text, %s::text))',
        names ->> 'contacts.firstname', names ->> 'contacts.lastname', names ->> 'contacts.email',
        names ->> 'contacts.student_id'
    );
    words_of_c text := format(
        'credit_desk_trigrams(credit_desk_words(c.%s::text, c.%s::text, c.%s::text, c.%s::text))',
        names ->> 'contacts.firstname', names ->> 'contacts.lastname', names ->> 'contacts.email',
        names ->> 'contacts.student_id'
    );
    marked text;
    day text;
    ask text;
    index record;
begin
    select case c.type when 'boolean' then format('k.%I is true', c.name)
        else format('coalesce(lower(trim(k.%I::text)) = ''true'', false)', c.name) end
    into marked from credit_desk_columns('bookings') as c
    where c.ours = 'token_refunded' and c.place = 1;
    select case
        when c.type = 'date' then format('x.%I', c.name)
        when c.type like 'timestamp%' then format('x.%I::date', c.name)
        else format('credit_desk_day(x.%I::text)', c.name)
    end
    into day from credit_desk_columns('exams') as c where c.ours = 'exam_date' and c.place = 1;

    -- No index holds a column that every copy changes, so that an update stays on its page (HOT).
    for index in
        select * from (values
            ('hubspot_contact_credits', 'trigrams', 'gin', '(' || words || ')'),
            ('hubspot_contact_credits', 'email', 'btree',
                format('lower(%s::text)', names ->> 'contacts.email')),
            ('hubspot_contact_credits', 'student_id', 'btree',
                format('(%s::text)', names ->> 'contacts.student_id')),
            ('hubspot_bookings', 'contact', 'btree', names ->> 'bookings.contact_hubspot_id'),
            ('hubspot_bookings', 'exam', 'btree', names ->> 'bookings.exam_hubspot_id'),
            -- for the beginning of a booking id, whatever the database's collation is
            ('hubspot_bookings', 'booking_id', 'btree',
                format('lower(%s::text) text_pattern_ops', names ->> 'bookings.booking_id'))
        ) as i (of_table, what, how, over)
    loop
        if exists (
            select from pg_index as p join pg_class as c on c.oid = p.indexrelid
            where p.indrelid = index.of_table::regclass
                and c.relname = 'credit_desk_' || index.of_table || '_' || index.what
                and obj_description(c.oid, 'pg_class') = index.over
        ) then
            continue;
        end if;
        execute format('drop index if exists credit_desk_%s_%s', index.of_table, index.what);
        execute format(
            'create index credit_desk_%1$s_%2$s on %1$s using %3$s (%4$s)', index.of_table, index.what,
            index.how, index.over
        );
        execute format(
            'comment on index credit_desk_%s_%s is %L', index.of_table, index.what, index.over
        );
    end loop;

    ask := $find$
create or replace function credit_desk_find(
    asked text, must text[], alike text[], most integer
)
returns table (contact jsonb, found_by text, booking text)
language plpgsql stable set search_path from current as $body$
declare
    found integer := 0;
    added integer;
    number boolean := asked ~ '^\d{1,20}$';
begin
    return query
    with meant as (
        select c.hubspot_id, 1 as place, 'id' as why, null::text as of_booking
        from hubspot_contact_credits as c where number and c.hubspot_id = asked
        union all
        select c.hubspot_id, 2, 'student_id', null
        from hubspot_contact_credits as c where number and c.{contacts.student_id}::text = asked
        union all
        select c.hubspot_id, 3, 'email', null
        from hubspot_contact_credits as c
        where position('@' in asked) > 1 and lower(c.{contacts.email}::text) = lower(asked)
        union all
        select b.{bookings.contact_hubspot_id}::text, 4, 'booking', b.{bookings.booking_id}::text
        from hubspot_bookings as b where number and b.hubspot_id = asked
        union all
        (
            select b.{bookings.contact_hubspot_id}::text, 5, 'booking', b.{bookings.booking_id}::text
            from hubspot_bookings as b
            where asked ~ '-.*\d' and lower(b.{bookings.booking_id}::text) like
                replace(replace(replace(lower(asked), '\', '\\'), '%', '\%'), '_', '\_') || '%'
            order by lower(b.{bookings.booking_id}::text) using ~<~
            limit most
        )
    ),
    once as (
        select distinct on (m.hubspot_id) m.* from meant as m
        order by m.hubspot_id, m.place, m.of_booking
    )
    select to_jsonb(c), o.why, o.of_booking
    from once as o join hubspot_contact_credits as c on c.hubspot_id = o.hubspot_id
    order by o.place, o.of_booking, c.hubspot_id
    limit most;
    get diagnostics found = row_count;

    if cardinality(must) > 0 then
        return query
        select to_jsonb(c), 'words', null::text
        from hubspot_contact_credits as c
        where {words} @> must
        limit most;
        get diagnostics added = row_count;
        found := found + added;
    end if;

    if found = 0 and cardinality(alike) > 0 then
        return query
        with near as (
            select c.hubspot_id, count(*) as shared
            from unnest(alike) as g (trigram)
            join hubspot_contact_credits as c on {words} @> array[g.trigram]
            group by c.hubspot_id
            having count(*) >= 0.3 * cardinality(alike)
            order by shared desc, c.hubspot_id
            limit most
        )
        select to_jsonb(c), 'like', null::text
        from near as n join hubspot_contact_credits as c on c.hubspot_id = n.hubspot_id;
    end if;
end
$body$;

create or replace function credit_desk_sessions(
    since date, until date, tokens text[], most integer
)
returns table (exam jsonb, active bigint, completed bigint, cancelled bigint, owed bigint)
language sql stable set search_path from current as $body$
    select to_jsonb(e) - 'credit_desk_day', b.active, b.completed, b.cancelled, b.owed
    from (
        select x.*, {day} as credit_desk_day from hubspot_mock_exams as x
        where (since is null or {day} >= since) and (until is null or {day} <= until)
        order by {day}, x.{exams.start_time}, x.hubspot_id
        limit most
    ) as e
    cross join lateral (
        select
            count(*) filter (where k.{bookings.is_active}::text = 'Active') as active,
            count(*) filter (where k.{bookings.is_active}::text = 'Completed') as completed,
            count(*) filter (where k.{bookings.is_active}::text = 'Cancelled') as cancelled,
            count(*) filter (
                where k.{bookings.is_active}::text = 'Cancelled' and not {marked}
                    and k.{bookings.token_refunded_at} is null
                    and trim(coalesce(k.{bookings.token_refund_admin}::text, '')) = ''
                    and lower(trim(coalesce(k.{bookings.attendance}::text, ''))) in ('', 'no')
                    and lower(k.{bookings.token_used}::text) = any(tokens)
            ) as owed
        from hubspot_bookings as k where k.{bookings.exam_hubspot_id} = e.hubspot_id
    ) as b
    order by e.credit_desk_day, e.{exams.start_time}, e.hubspot_id
$body$;

create or replace function credit_desk_unrefunded(after text, most integer)
returns table (hubspot_id text)
language sql stable set search_path from current as $body$
    select k.hubspot_id from hubspot_bookings as k
    where k.hubspot_id > after and k.{bookings.is_active}::text = 'Cancelled' and not {marked}
        and k.{bookings.token_used} is not null
    order by k.hubspot_id
    limit most
$body$;
$find$;
    select replace(replace(replace(ask, '{words}', words_of_c), '{marked}', marked), '{day}', day)
    into ask;
    for index in select * from jsonb_each_text(names) as n (key, value) loop
        ask := replace(ask, '{' || index.key || '}', index.value);
    end loop;
    execute ask;
end
$$;

-- Whoever changes a contact's row needs these three, for its index; they only cut texts up.
grant execute on function credit_desk_fold(text), credit_desk_words(text, text, text, text),
credit_desk_trigrams(text) to public;
revoke all on procedure credit_desk_build_lookup()
from public, anon, authenticated, service_role;
