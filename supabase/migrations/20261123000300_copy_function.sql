-- credit_desk_copy(kind, rows): brings mirror rows up to the truth, whole batches at a time.
--
--   kind  contacts | bookings | exams
--   rows  a JSON array, at most 1000 objects: hubspot_id, source_modified_at (HubSpot's modified time)
--         and the columns that were read. A column that is not a key of the object is left as it is.
--         "partial": true  states only some columns of a row that should be there: it is never made
--                          from this object, for the columns left out would be invented.
--
-- Answers one row for each object given, in the same order: hubspot_id and outcome, which is
--   written         the mirror now holds this version
--   already_equal   it held these values already
--   newer_kept      it holds a newer version, or a newer one stands in the same call
--   missing         the object is partial and there is no such row
--   refused: WHY    this object is unfit; the others of the call are dealt with all the same
--
-- Safe to repeat, to send late and to run many times at once: rows are made, then locked, both in the
-- order of their ids, before any is judged, so that two calls never wait for each other in a circle.

create or replace function public.credit_desk_table(kind text) returns regclass
language plpgsql immutable set search_path = '' as $$
begin
    return case kind
        when 'contacts' then 'public.hubspot_contact_credits'
        when 'bookings' then 'public.hubspot_bookings'
        when 'exams' then 'public.hubspot_mock_exams'
    end::regclass;
end
$$;

-- The columns that a copy may set, of that table as it is.
create or replace function public.credit_desk_columns(target regclass)
returns table (name text, type text, required boolean)
language sql stable set search_path = '' as $$
    select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_catalog.pg_attribute as a
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        and a.attidentity = ''
        and a.attname not in ('synced_at', 'updated_at')
    order by a.attnum
$$;

-- Why one object is unfit, or null. Slow, so only asked once a batch has shown to hold a bad one.
create or replace function public.credit_desk_fault(target regclass, given jsonb) returns text
language plpgsql stable set search_path = '' as $$
declare
    said record;
    needed text;
    value text;
begin
    if jsonb_typeof(given) is distinct from 'object' then
        return 'not an object';
    end if;
    if coalesce(given ->> 'hubspot_id', '') = '' then
        return 'hubspot_id is missing';
    end if;
    if coalesce(given ->> 'source_modified_at', '') = '' then
        return 'source_modified_at is missing';
    end if;
    for said in
        select k.key, c.type, c.required
        from jsonb_object_keys(given) as k (key)
        left join public.credit_desk_columns(target) as c on c.name = k.key
    loop
        value := given ->> said.key;
        if said.key = 'partial' then
            continue;
        elsif said.key in ('synced_at', 'updated_at') then
            return format('%s is set by the mirror itself', said.key);
        elsif said.type is null then
            return format('%s has no column %s', target, said.key);
        elsif value is null and said.required then
            return format('%s may not be null', said.key);
        elsif said.type in ('integer', 'bigint') and value !~ '^\d{1,9}$' then
            return format('%s is %L, not a whole number from 0 up', said.key, value);
        end if;
        begin
            execute format('select %L::%s', value, coalesce(said.type, 'text'));
        exception when data_exception then
            return format('%s: %s', said.key, sqlerrm);
        end;
    end loop;
    return null;
end
$$;

-- Makes credit_desk_copy_{kind} for the columns that the table has now, with plans that are kept. A
-- later migration that adds a column ends with: call public.credit_desk_build().
create or replace procedure public.credit_desk_build()
language plpgsql set search_path = '' as $$
declare
    kind text;
    target regclass;
    settable text;
    assignments text;
    differences text;
begin
    foreach kind in array array['contacts', 'bookings', 'exams'] loop
        target := public.credit_desk_table(kind);
        select
            string_agg(quote_literal(c.name), ', '),
            string_agg(
                format('%1$I = case when n.given ? %1$L then n.%1$I else t.%1$I end', c.name),
                E',\n                '
            ) filter (where c.name <> 'hubspot_id'),
            string_agg(
                format('n.given ? %1$L and n.%1$I is distinct from b.%1$I', c.name),
                E'\n                    or '
            ) filter (where c.name not in ('hubspot_id', 'source_modified_at'))
        into settable, assignments, differences
        from public.credit_desk_columns(target) as c;

        execute format($build$
create or replace function public.credit_desk_copy_%1$s(rows jsonb, faults text[])
returns table (hubspot_id text, outcome text)
language plpgsql set search_path = '' as $body$
#variable_conflict use_column
declare
    ids text[];
    made text[];
begin
    if faults is null and exists (
        select from jsonb_array_elements(rows) as e (given)
        where jsonb_typeof(e.given) <> 'object'
            or coalesce(e.given ->> 'hubspot_id', '') = ''
            or coalesce(e.given ->> 'source_modified_at', '') = ''
            or e.given - array[%3$s] - 'partial' <> '{}'
    ) then
        raise exception 'an object is unfit' using errcode = 'data_exception';
    end if;

    select array_agg(i.id order by i.id collate "C") into ids
    from (
        select distinct e.given ->> 'hubspot_id' as id
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        where faults is null or faults[e.place] is null
    ) as i;

    with fresh as (
        insert into %2$s (hubspot_id)
        select e.given ->> 'hubspot_id'
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        where (faults is null or faults[e.place] is null) and not e.given @> '{"partial": true}'
        group by 1
        order by (e.given ->> 'hubspot_id') collate "C"
        on conflict (hubspot_id) do nothing
        returning hubspot_id
    )
    select array_agg(hubspot_id) into made from fresh;

    perform from %2$s as t where t.hubspot_id = any(ids)
    order by t.hubspot_id collate "C" for update;

    return query
    with given as (
        select
            e.place,
            e.given,
            r.*,
            row_number() over (
                partition by r.hubspot_id order by r.source_modified_at desc, e.place desc
            ) as age
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        cross join lateral jsonb_populate_record(null::%2$s, e.given) as r
        where faults is null or faults[e.place] is null
    ),
    judged as (
        select n.*, b.source_modified_at as held, case
            when n.age > 1 then 'newer_kept'
            when b.hubspot_id is null and n.given @> '{"partial": true}' then 'missing'
            when b.hubspot_id is null then 'refused: the row was deleted while it was copied'
            when n.hubspot_id = any(made) then 'written'
            when b.source_modified_at > n.source_modified_at then 'newer_kept'
            when %5$s then 'written'
            else 'already_equal'
        end as verdict
        from given as n left join %2$s as b on b.hubspot_id = n.hubspot_id
    ),
    copied as (
        update %2$s as t set
            %4$s,
            synced_at = clock_timestamp(),
            updated_at = case n.verdict when 'written' then clock_timestamp() else t.updated_at end
        from judged as n
        where t.hubspot_id = n.hubspot_id and (
            n.verdict = 'written'
            -- Equal, yet of a newer version: remember which, or an older copy could come after it.
            or n.verdict = 'already_equal' and (n.held is null or n.held < n.source_modified_at)
        )
    )
    select answer.hubspot_id, answer.verdict
    from (
        select n.place, n.hubspot_id, n.verdict from judged as n
        union all
        select f.place, rows -> (f.place::integer - 1) ->> 'hubspot_id', 'refused: ' || f.fault
        from unnest(faults) with ordinality as f (fault, place)
        where f.fault is not null
    ) as answer
    order by answer.place;
end
$body$
        $build$, kind, target, settable, assignments, differences);
        execute format(
            'revoke all on function public.credit_desk_copy_%1$s(jsonb, text[]) '
            'from public, anon, authenticated', kind
        );
        execute format(
            'grant execute on function public.credit_desk_copy_%s(jsonb, text[]) to service_role', kind
        );
    end loop;
end
$$;

call public.credit_desk_build();

create or replace function public.credit_desk_copy(kind text, rows jsonb)
returns table (hubspot_id text, outcome text)
language plpgsql set search_path = '' as $$
declare
    faults text[];
    copy text := format('select * from public.credit_desk_copy_%s($1, $2)', kind);
begin
    if public.credit_desk_table(kind) is null then
        raise exception 'kind is %, not contacts, bookings or exams', coalesce(quote_literal(kind), 'null')
            using errcode = '22023';
    end if;
    if jsonb_typeof(rows) is distinct from 'array' then
        raise exception 'rows is not an array' using errcode = '22023';
    end if;
    if jsonb_array_length(rows) > 1000 then
        raise exception 'rows holds % objects; at most 1000 go in one call', jsonb_array_length(rows)
            using errcode = '22023', hint = 'Longer answers would be cut off by the API''s row limit.';
    end if;

    begin
        return query execute copy using rows, null::text[];
        return;
    exception when data_exception or not_null_violation or check_violation then
        null;  -- undone as a whole; now find out which objects are unfit, and copy the others
    end;
    select array_agg(public.credit_desk_fault(public.credit_desk_table(kind), e.given) order by e.place)
    into faults
    from jsonb_array_elements(rows) with ordinality as e (given, place);
    return query execute copy using rows, faults;
end
$$;

-- What `doctor` compares with what it needs: a version and the columns as they are.
create or replace function public.credit_desk_schema() returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'version', 1,
        'tables', (
            select jsonb_object_agg(t.relname, (
                select jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))
                from pg_catalog.pg_attribute as a
                where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
            ))
            from pg_catalog.pg_class as t
            where t.relnamespace = 'public'::regnamespace and t.relname in (
                'hubspot_contact_credits', 'hubspot_bookings', 'hubspot_mock_exams', 'sync_metadata'
            )
        ),
        'row_level_security', (
            select jsonb_object_agg(t.relname, t.relrowsecurity)
            from pg_catalog.pg_class as t
            where t.relnamespace = 'public'::regnamespace and t.relname in (
                'hubspot_contact_credits', 'hubspot_bookings', 'hubspot_mock_exams', 'sync_metadata'
            )
        )
    )
$$;

-- A project grants every new function to everybody; these are the server's alone.
revoke all on function public.credit_desk_copy(text, jsonb),
public.credit_desk_fault(regclass, jsonb), public.credit_desk_columns(regclass),
public.credit_desk_table(text), public.credit_desk_schema(), public.credit_desk_touch()
from public, anon, authenticated;
revoke all on procedure public.credit_desk_build() from public, anon, authenticated, service_role;
grant execute on function public.credit_desk_copy(text, jsonb),
public.credit_desk_fault(regclass, jsonb), public.credit_desk_columns(regclass),
public.credit_desk_table(text), public.credit_desk_schema()
to service_role;
