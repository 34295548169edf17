-- Looking people and exams up in the mirror, fast and with typing errors forgiven.
--
-- Own trigrams rather than the extension pg_trgm: the same on every PostgreSQL, the local stack's
-- included, and nothing to enable in a hosted project. The index is over an expression of columns that
-- a changed balance leaves alone, so a copy of new credits touches no index (HOT) and costs nothing more.

-- Small letters without accents. core/domain/likeness.py does the same.
create or replace function public.credit_desk_fold(given text) returns text
language sql immutable parallel safe set search_path = '' as $$
    select regexp_replace(
        normalize(
            replace(replace(replace(
                translate(lower(given), 'øłđı', 'oldi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'
            ), NFKD
        ),
        '[\u0300-\u036f]', '', 'g'
    )
$$;

-- All by which a contact can be found, as words parted by single blanks, one before the first.
create or replace function public.credit_desk_words(
    firstname text, lastname text, email text, student_id text
) returns text
language sql immutable parallel safe set search_path = '' as $$
    select ' ' || trim(regexp_replace(public.credit_desk_fold(
        coalesce(firstname, '') || ' ' || coalesce(lastname, '') || ' '
        || coalesce(email, '') || ' ' || coalesce(student_id, '')
    ), '[^0-9a-z]+', ' ', 'g'))
$$;

-- The trigrams of such words: two blanks before each word, one behind, as pg_trgm makes them.
create or replace function public.credit_desk_trigrams(words text) returns text[]
language sql immutable parallel safe set search_path = '' as $$
    select coalesce(array_agg(distinct substr(p.padded, n.n, 3)), '{}')
    from unnest(string_to_array(trim(words), ' ')) as w (word)
    cross join lateral (select '  ' || w.word || ' ') as p (padded)
    cross join lateral generate_series(1, length(w.word) + 1) as n (n)
    where w.word <> ''
$$;

create index if not exists hubspot_contact_credits_trigrams
on public.hubspot_contact_credits using gin (
    (public.credit_desk_trigrams(public.credit_desk_words(firstname, lastname, email, student_id)))
);
-- For the beginning of a booking id, whatever the database's collation is.
create index if not exists hubspot_bookings_booking_id_begins
on public.hubspot_bookings (lower(booking_id) text_pattern_ops);

-- credit_desk_find(asked, must, alike, most): contacts that may be meant, at most `most`.
--   asked  what was typed, without blanks around it
--   must   trigrams that every contact found by words has; null or none: nothing to go by
--   alike  trigrams worth looking for when words may be misspelt; none: do not look
-- Answers contact, found_by (id | student_id | email | booking | words | like) and booking. Those found
-- by words or by likeness are candidates: who asks judges them. Likeness is only tried for want of
-- others, for it costs the most.
create or replace function public.credit_desk_find(
    asked text, must text[], alike text[], most integer
)
returns table (contact jsonb, found_by text, booking text)
language plpgsql stable set search_path = '' as $$
declare
    found integer := 0;
    added integer;
    number boolean := asked ~ '^\d{1,20}$';
begin
    return query
    with meant as (
        select c.hubspot_id, 1 as place, 'id' as why, null::text as of_booking
        from public.hubspot_contact_credits as c where number and c.hubspot_id = asked
        union all
        select c.hubspot_id, 2, 'student_id', null
        from public.hubspot_contact_credits as c where number and c.student_id = asked
        union all
        select c.hubspot_id, 3, 'email', null
        from public.hubspot_contact_credits as c
        where position('@' in asked) > 1 and lower(c.email) = lower(asked)
        union all
        select b.contact_hubspot_id, 4, 'booking', b.booking_id
        from public.hubspot_bookings as b where number and b.hubspot_id = asked
        union all
        (
            select b.contact_hubspot_id, 5, 'booking', b.booking_id
            from public.hubspot_bookings as b
            where asked ~ '-.*\d' and lower(b.booking_id) like
                replace(replace(replace(lower(asked), '\', '\\'), '%', '\%'), '_', '\_') || '%'
            order by lower(b.booking_id) using ~<~
            limit most
        )
    ),
    once as (
        select distinct on (m.hubspot_id) m.* from meant as m
        order by m.hubspot_id, m.place, m.of_booking
    )
    select to_jsonb(c), o.why, o.of_booking
    from once as o join public.hubspot_contact_credits as c on c.hubspot_id = o.hubspot_id
    order by o.place, o.of_booking, c.hubspot_id
    limit most;
    get diagnostics found = row_count;

    if cardinality(must) > 0 then
        return query
        select to_jsonb(c), 'words', null::text
        from public.hubspot_contact_credits as c
        where public.credit_desk_trigrams(
            public.credit_desk_words(c.firstname, c.lastname, c.email, c.student_id)
        ) @> must
        limit most;
        get diagnostics added = row_count;
        found := found + added;
    end if;

    if found = 0 and cardinality(alike) > 0 then
        return query
        with near as (
            select c.hubspot_id, count(*) as shared
            from unnest(alike) as g (trigram)
            join public.hubspot_contact_credits as c on public.credit_desk_trigrams(
                public.credit_desk_words(c.firstname, c.lastname, c.email, c.student_id)
            ) @> array[g.trigram]
            group by c.hubspot_id
            having count(*) >= 0.3 * cardinality(alike)
            order by shared desc, c.hubspot_id
            limit most
        )
        select to_jsonb(c), 'like', null::text
        from near as n join public.hubspot_contact_credits as c on c.hubspot_id = n.hubspot_id;
    end if;
end
$$;

-- credit_desk_sessions(since, until, tokens, most): exams of these days, soonest first, each with its
-- bookings counted. tokens: those that spend a credit, for what is owed.
create or replace function public.credit_desk_sessions(
    since date, until date, tokens text[], most integer
)
returns table (exam jsonb, active bigint, completed bigint, cancelled bigint, owed bigint)
language sql stable set search_path = '' as $$
    select to_jsonb(e), b.active, b.completed, b.cancelled, b.owed
    from (
        select * from public.hubspot_mock_exams as x
        where (since is null or x.exam_date >= since) and (until is null or x.exam_date <= until)
        order by x.exam_date, x.start_time, x.hubspot_id
        limit most
    ) as e
    cross join lateral (
        select
            count(*) filter (where k.is_active = 'Active') as active,
            count(*) filter (where k.is_active = 'Completed') as completed,
            count(*) filter (where k.is_active = 'Cancelled') as cancelled,
            count(*) filter (
                where k.is_active = 'Cancelled' and k.token_refunded is not true
                    and lower(k.token_used) = any(tokens)
            ) as owed
        from public.hubspot_bookings as k where k.exam_hubspot_id = e.hubspot_id
    ) as b
    order by e.exam_date, e.start_time, e.hubspot_id
$$;

-- The server's alone, as all our functions are.
revoke all on function public.credit_desk_fold(text),
public.credit_desk_words(text, text, text, text), public.credit_desk_trigrams(text),
public.credit_desk_find(text, text[], text[], integer),
public.credit_desk_sessions(date, date, text[], integer)
from public, anon, authenticated;
grant execute on function public.credit_desk_fold(text),
public.credit_desk_words(text, text, text, text), public.credit_desk_trigrams(text),
public.credit_desk_find(text, text[], text[], integer),
public.credit_desk_sessions(date, date, text[], integer)
to service_role;
