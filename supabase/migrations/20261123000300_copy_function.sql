-- credit_desk_copy(kind, rows): brings mirror rows up to the truth, whole batches at a time.
--
--   kind  contacts | bookings | exams
--   rows  a JSON array, at most 1000 objects: hubspot_id, source_modified_at (HubSpot's modified time)
--         and the columns that were read. A column that is not a key of the object is left as it is.
--
-- Answers one row for each object given, in the same order: hubspot_id and outcome, which is
--   written         the mirror now holds this version
--   already_equal   it held these values already
--   newer_kept      it holds a newer version, or a newer one stands in the same call
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
        if said.key in ('synced_at', 'updated_at') then
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

create or replace function public.credit_desk_copy(kind text, rows jsonb)
returns table (hubspot_id text, outcome text)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
    target regclass := public.credit_desk_table(kind);
    settable text[];
    counters text;
    assignments text;
    differences text;
    faults text[];
    suspect boolean;
    ids text[];
    made text[];
begin
    if target is null then
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

    select
        array_agg(c.name),
        string_agg(format('t.%I', c.name), ', ') filter (where c.type in ('integer', 'bigint')),
        string_agg(
            format('%1$I = case when n.given ? %1$L then n.%1$I else t.%1$I end', c.name), ', '
        ) filter (where c.name <> 'hubspot_id'),
        string_agg(
            format('(n.given ? %1$L and n.%1$I is distinct from b.%1$I)', c.name), ' or '
        ) filter (where c.name not in ('hubspot_id', 'source_modified_at'))
    into settable, counters, assignments, differences
    from public.credit_desk_columns(target) as c;

    -- All at once first. What is wrong, and with which, is asked only when something is.
    begin
        execute format(
            $sql$
            select coalesce(bool_or(
                jsonb_typeof(e.given) <> 'object'
                or coalesce(t.hubspot_id, '') = ''
                or t.source_modified_at is null
                or e.given - $2 <> '{}'
                or coalesce(least(%s), 0) < 0
                or exists (
                    select from jsonb_each(e.given) as v, public.credit_desk_columns(%L) as c
                    where v.value = 'null' and c.name = v.key and c.required
                )
            ), false)
            from jsonb_array_elements($1) as e (given)
            cross join lateral jsonb_populate_record(null::%s, e.given) as t
            $sql$,
            coalesce(counters, 'null::integer'), target, target
        ) into suspect using rows, settable;
    exception when data_exception or datatype_mismatch or invalid_parameter_value then
        suspect := true;
    end;
    if suspect then
        select array_agg(public.credit_desk_fault(target, e.given) order by e.place)
        into faults
        from jsonb_array_elements(rows) with ordinality as e (given, place);
    end if;

    select array_agg(distinct (e.given ->> 'hubspot_id') collate "C" order by (e.given ->> 'hubspot_id') collate "C")
    into ids
    from jsonb_array_elements(rows) with ordinality as e (given, place)
    where faults is null or faults[e.place] is null;

    execute format(
        $sql$
        with fresh as (
            insert into %1$s (hubspot_id)
            select i.id from unnest($1) with ordinality as i (id, place) order by i.place
            on conflict (hubspot_id) do nothing
            returning hubspot_id
        )
        select array_agg(hubspot_id) from fresh
        $sql$, target
    ) into made using ids;

    execute format(
        'select from %s as t where t.hubspot_id = any($1) order by t.hubspot_id collate "C" for update',
        target
    ) using ids;

    return query execute format(
        $sql$
        with given as (
            select e.place, e.given, r.*
            from jsonb_array_elements($1) with ordinality as e (given, place)
            cross join lateral jsonb_populate_record(null::%1$s, e.given) as r
            where $2 is null or $2[e.place] is null
        ),
        newest as (
            select distinct on (hubspot_id) * from given
            order by hubspot_id, source_modified_at desc, place desc
        ),
        judged as (
            select n.place, n.hubspot_id, b.source_modified_at as held, case
                when n.hubspot_id = any($3) then 'written'
                when b.source_modified_at > n.source_modified_at then 'newer_kept'
                when %2$s then 'written'
                else 'already_equal'
            end as outcome
            from newest as n join %1$s as b on b.hubspot_id = n.hubspot_id
        ),
        copied as (
            update %1$s as t set %3$s,
                synced_at = clock_timestamp(),
                updated_at = case j.outcome when 'written' then clock_timestamp() else t.updated_at end
            from newest as n join judged as j on j.place = n.place
            where t.hubspot_id = n.hubspot_id and (
                j.outcome = 'written'
                -- Equal, yet of a newer version: remember which, or an older copy could come after it.
                or j.outcome = 'already_equal'
                and (j.held is null or j.held < n.source_modified_at)
            )
        )
        select e.given ->> 'hubspot_id', case
            when $2[e.place] is not null then 'refused: ' || $2[e.place]
            when j.outcome is not null then j.outcome
            when exists (select from newest as n where n.place = e.place)
                then 'refused: the row was deleted while it was copied'
            else 'newer_kept'
        end
        from jsonb_array_elements($1) with ordinality as e (given, place)
        left join judged as j on j.place = e.place
        order by e.place
        $sql$,
        target, differences, assignments
    ) using rows, faults, made;
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
grant execute on function public.credit_desk_copy(text, jsonb),
public.credit_desk_fault(regclass, jsonb), public.credit_desk_columns(regclass),
public.credit_desk_table(text), public.credit_desk_schema()
to service_role;
