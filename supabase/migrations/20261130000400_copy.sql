set search_path = public, pg_temp;

-- credit_desk_copy(kind, rows): brings mirror rows up to HubSpot's, whole batches at a time.
--
--   kind  contacts | bookings | exams
--   rows  a JSON array, at most 1000 objects: hubspot_id, source_modified_at (HubSpot's modified time)
--         and the columns that were read, by Credit Desk's names. A column that is not a key of the
--         object is left as it is.
--         "partial": true  states only some columns of a row that should be there: it is never made
--                          from this object, for the columns left out would be invented.
--         "unreadable": [names]  columns that are left out because HubSpot's value cannot be read. In a
--                          new row they are empty; where the table forbids that, they have its default.
--
-- Answers one row for each object given, in the same order: hubspot_id and outcome, which is
--   written         the mirror now holds this version
--   already_equal   it held these values already
--   newer_kept      it holds a newer version, or a newer one stands in the same call
--   missing         the object is partial and there is no such row
--   not_kept        a contact without what the table asks of every row, such as a student id: no row
--   refused: WHY    this object is unfit; the others of the call are dealt with all the same
--
-- Safe to repeat, to send late and to run many times at once: rows are made, then locked, both in the
-- order of their ids, before any is judged, so that two calls never wait for each other in a circle.
--
-- The tables may be ours or others': names, types, keys and defaults are taken from the table as it is.
-- A value that is the same by its type (a day in a timestamp, "true" in a text) is left as it is.

-- The columns that a copy may set, of that table as it is. meaning: mark (a yes or nothing), day,
-- moment or plain.
drop function if exists credit_desk_columns(regclass);
create or replace function credit_desk_columns(of_kind text)
returns table (
    ours text, name text, type text, place integer, required boolean, default_value text, meaning text
)
language sql stable set search_path from current as $$
    select
        coalesce(n.ours, a.attname::text),
        a.attname::text,
        format_type(a.atttypid, null),
        coalesce(n.place, 1),
        a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid),
        case
            when coalesce(n.ours, a.attname::text) = 'token_refunded' then 'mark'
            when coalesce(n.ours, a.attname::text) in ('exam_date', 'ndecc_exam_date') then 'day'
            when coalesce(n.ours, a.attname::text)
                in ('token_refunded_at', 'scheduled_activation_datetime', 'source_modified_at')
                then 'moment'
            else 'plain'
        end
    from pg_attribute as a
    left join credit_desk_names as n on n.kind = of_kind and n.theirs = a.attname
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = credit_desk_table(of_kind) and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity = ''
        and a.attname not in (
            'id', 'created_at', 'updated_at', 'synced_at',
            'credit_desk_synced_at', 'credit_desk_changed_at'
        )
        -- a name of ours that is said to stand in another column
        and (n.ours is not null or not exists (
            select from credit_desk_names as m where m.kind = of_kind and m.ours = a.attname
        ))
        and (of_kind <> 'bookings' or coalesce(n.ours, a.attname::text) not in (
            'student_id', 'name', 'student_email', 'ndecc_exam_date'
        ))
    order by a.attnum
$$;

-- A day that somebody wrote as a text; null when it is none.
create or replace function credit_desk_day(given text) returns date
language plpgsql immutable set search_path from current as $$
begin
    return left(given, 10)::date;
exception when data_exception then
    return null;
end
$$;

-- What a booking's row says of its student, where the table has such a column: filled in from the
-- student's row, never overwritten. Only what cannot fail by its type.
create or replace function credit_desk_fills()
returns table (name text, value text)
language sql stable set search_path from current as $$
    select f.name, case
        when f.ours = 'name' then format(
            'nullif(trim(concat_ws('' '', c.%I, c.%I)), '''')',
            f.source, credit_desk_name('contacts', 'lastname')
        )
        when f.type = 'date' and f.source_type = 'text' then format('credit_desk_day(c.%I)', f.source)
        else format('c.%I::%s', f.source, f.type)
    end
    from (
        select k.ours, a.attname::text as name, format_type(a.atttypid, null) as type,
            s.attname::text as source, format_type(s.atttypid, null) as source_type
        from (values
            ('student_id', 'student_id'), ('name', 'firstname'), ('student_email', 'email'),
            ('ndecc_exam_date', 'ndecc_exam_date')
        ) as k (ours, source)
        join pg_attribute as a on a.attrelid = credit_desk_table('bookings')
            and a.attname = credit_desk_name('bookings', k.ours) and not a.attisdropped
        join pg_attribute as s on s.attrelid = credit_desk_table('contacts')
            and s.attname = credit_desk_name('contacts', k.source) and not s.attisdropped
    ) as f
    where f.type in ('text', 'character varying') or f.type = f.source_type
        or f.type = 'date' and f.source_type = 'text' and f.ours <> 'name'
$$;

-- Columns that the table may lack: what they would hold is not copied.
create or replace function credit_desk_spare(of_kind text) returns text[]
language sql immutable set search_path from current as $$
    select case of_kind
        when 'contacts' then array['ndecc_exam_date']
        when 'bookings' then array[
            'attending_location', 'dominant_hand', 'idempotency_key', 'mock_type', 'exam_date',
            'location', 'start_time', 'end_time'
        ]
        when 'exams' then array[
            'mock_exam_name', 'mock_type', 'end_time', 'location', 'capacity',
            'scheduled_activation_datetime'
        ]
    end
$$;

-- Value, comparison and SQL of one column.
create or replace function credit_desk_value(ours text, type text, meaning text) returns text
language sql immutable set search_path from current as $$
    select case
        when meaning = 'mark' and type <> 'boolean'
            then format('nullif(lower(e.given ->> %L), ''false'')::%s', ours, type)
        when meaning = 'moment' and type in ('timestamp without time zone', 'date')
            then format('((e.given ->> %L)::timestamptz at time zone ''UTC'')::%s', ours, type)
        when meaning = 'day' and type = 'timestamp with time zone'
            then format('(e.given ->> %L)::timestamp at time zone ''UTC''', ours)
        when ours = 'dominant_hand' and type = 'boolean' then format(
            'case lower(e.given ->> %1$L) when ''right'' then true when ''left'' then false '
            'else (e.given ->> %1$L)::boolean end', ours
        )
        else format('(e.given ->> %L)::%s', ours, type)
    end
$$;

create or replace function credit_desk_same(name text, type text, meaning text) returns text
language sql immutable set search_path from current as $$
    select case
        when meaning = 'mark' and type = 'boolean'
            then format('coalesce(n.%1$I, false) = coalesce(b.%1$I, false)', name)
        when meaning = 'mark' then format(
            '(n.%1$I is not null) = coalesce(lower(trim(b.%1$I::text)) = ''true'', false)', name
        )
        when meaning = 'day' and type like 'timestamp%'
            then format('n.%1$I::date is not distinct from b.%1$I::date', name)
        when meaning = 'day' and type in ('text', 'character varying')
            then format('coalesce(n.%1$I, '''') = coalesce(left(b.%1$I, 10), '''')', name)
        when type in ('text', 'character varying')
            then format('coalesce(n.%1$I, '''') = coalesce(b.%1$I, '''')', name)
        else format('n.%1$I is not distinct from b.%1$I', name)
    end
$$;

-- Why one object is unfit, or null. Slow, so only asked once a batch has shown to hold a bad one.
drop function if exists credit_desk_fault(regclass, jsonb);
create or replace function credit_desk_fault(of_kind text, given jsonb) returns text
language plpgsql stable set search_path from current as $$
declare
    said record;
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
        select k.key, c.name, c.type, c.required, c.meaning
        from jsonb_object_keys(given) as k (key)
        left join credit_desk_columns(of_kind) as c on c.ours = k.key
    loop
        value := given ->> said.key;
        if said.key in ('partial', 'unreadable')
            or said.type is null and said.key = any(credit_desk_spare(of_kind))
        then
            continue;
        elsif said.key in ('synced_at', 'updated_at') then
            return format('%s is set by the mirror itself', said.key);
        elsif said.type is null then
            return format(
                '%s has no column %s', credit_desk_table(of_kind), credit_desk_name(of_kind, said.key)
            );
        elsif value is null and said.required and said.type not in ('text', 'character varying') then
            return format('%s may not be null', said.name);
        elsif said.type in ('integer', 'bigint', 'smallint') and value !~ '^\d{1,9}$' then
            return format('%s is %L, not a whole number from 0 up', said.name, value);
        end if;
        begin
            execute 'select ' || credit_desk_value(said.key, said.type, said.meaning)
                || ' from (select $1) as e (given)' using given;
        exception when data_exception or cannot_coerce then
            return format('%s: %s', said.name, sqlerrm);
        end;
    end loop;
    return null;
end
$$;

-- Makes credit_desk_copy_{kind}, with plans that are kept, for the columns that the table has now.
create or replace procedure credit_desk_build_copy(kind text)
language plpgsql set search_path from current as $$
declare
    target regclass := credit_desk_table(kind);
    known text;
    names text;
    values_ text;
    inserted text;
    assignments text;
    same text;
    lacking text;
    stamps text;
    also_names text;
    also_values text;
    fills text := '';
    fill_from text := '';
    of_contact text := credit_desk_name('bookings', 'contact_hubspot_id');
begin
    select
        string_agg(distinct quote_literal(c.ours), ', '),
        string_agg(format('%I', c.name), ', '),
        string_agg(
            format('%s as %I', credit_desk_value(c.ours, c.type, c.meaning), c.name),
            E',\n            '
        ),
        string_agg(
            format(
                'case when n.given ? %1$L then n.%2$I %4$s else %3$s end', c.ours, c.name,
                coalesce(c.default_value, 'null'),
                case when not c.required
                    then format('when n.given -> ''unreadable'' ? %L then null', c.ours)
                end
            ), E',\n            '
        ),
        string_agg(
            format(
                '%1$I = case when n.given ? %2$L and not (%3$s) then %4$s else b.%1$I end', c.name,
                c.ours, credit_desk_same(c.name, c.type, c.meaning),
                case when c.required and c.type in ('text', 'character varying')
                    then format('coalesce(n.%I, '''')', c.name) else format('n.%I', c.name)
                end
            ), E',\n            '
        ) filter (where c.name not in ('hubspot_id', 'source_modified_at')),
        string_agg(
            format('n.given ? %L and not (%s)', c.ours, credit_desk_same(c.name, c.type, c.meaning)),
            E'\n                or '
        ) filter (where c.name not in ('hubspot_id', 'source_modified_at')),
        coalesce(string_agg(
            format('coalesce(n.given ->> %L, '''') = ''''', c.ours), ' or '
        ) filter (
            where kind = 'contacts' and c.required and c.default_value is null
                and c.name not in ('hubspot_id', 'source_modified_at')
        ), 'false')
    into known, names, values_, inserted, assignments, same, lacking
    from credit_desk_columns(kind) as c;

    -- Other apps' own times of a row: set as they would.
    select
        coalesce(string_agg(format(', %I = %s', a.attname, case a.attname
            when 'synced_at' then t.at
            else format('case n.verdict when ''written'' then %s else b.updated_at end', t.at)
        end), '' order by a.attname), ''),
        coalesce(string_agg(format(', %I', a.attname), '' order by a.attname), ''),
        coalesce(string_agg(', ' || t.at, '' order by a.attname), '')
    into stamps, also_names, also_values
    from pg_attribute as a
    cross join lateral (select case format_type(a.atttypid, null)
        when 'timestamp with time zone' then 'clock_timestamp()'
        when 'timestamp without time zone' then '(clock_timestamp() at time zone ''UTC'')'
    end) as t (at)
    where a.attrelid = target and not a.attisdropped and t.at is not null
        and a.attname in ('synced_at', 'updated_at');

    if kind = 'bookings' then
        select
            also_names || coalesce(string_agg(format(', %I', f.name), '' order by f.name), ''),
            also_values || coalesce(string_agg(', ' || f.value, '' order by f.name), '')
        into also_names, also_values from credit_desk_fills() as f;
        if exists (select from credit_desk_fills()) then
            fill_from := 'left join hubspot_contact_credits as c '
                'on c.hubspot_id = n.given ->> ''contact_hubspot_id''';
        end if;
    end if;
    if kind in ('bookings', 'contacts') and exists (select from credit_desk_fills()) then
        select format(
            'update hubspot_bookings as t set credit_desk_synced_at = clock_timestamp(), %s
    from hubspot_contact_credits as c
    where %s = any(ids) and c.hubspot_id = t.%I and t.credit_desk_synced_at is not null and (%s);',
            string_agg(format('%1$I = coalesce(t.%1$I, %2$s)', f.name, f.value), ', '),
            case kind when 'bookings' then 't.hubspot_id' else format('t.%I', of_contact) end,
            of_contact,
            string_agg(format('t.%1$I is null and %2$s is not null', f.name, f.value), ' or ')
        )
        into fills from credit_desk_fills() as f;
    end if;

    execute format($build$
create or replace function credit_desk_copy_%1$s(rows jsonb, faults text[])
returns table (hubspot_id text, outcome text)
language plpgsql set search_path from current as $body$
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
            or e.given - array[%3$s] - credit_desk_spare('%1$s')
                - array['partial', 'unreadable'] <> '{}'
    ) then
        raise exception 'an object is unfit' using errcode = 'data_exception';
    end if;

    select array_agg(i.id order by i.id collate "C") into ids
    from (
        select distinct e.given ->> 'hubspot_id' as id
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        where faults is null or faults[e.place] is null
    ) as i;

    with n as (
        select distinct on ((e.given ->> 'hubspot_id') collate "C") e.given,
            %5$s
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        where (faults is null or faults[e.place] is null) and not e.given @> '{"partial": true}'
            and not exists (
                select from %2$s as held where held.hubspot_id = e.given ->> 'hubspot_id'
            )
        order by (e.given ->> 'hubspot_id') collate "C",
            (e.given ->> 'source_modified_at')::timestamptz desc, e.place desc
    ),
    fresh as (
        insert into %2$s (%4$s, credit_desk_synced_at%12$s)
        select %6$s, clock_timestamp()%13$s
        from n %14$s
        where not (%9$s)
        order by n.hubspot_id collate "C"
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
            %5$s,
            row_number() over (
                partition by e.given ->> 'hubspot_id'
                order by (e.given ->> 'source_modified_at')::timestamptz desc, e.place desc
            ) as age
        from jsonb_array_elements(rows) with ordinality as e (given, place)
        where faults is null or faults[e.place] is null
    ),
    judged as (
        select n.*, b.source_modified_at as held, case
            when n.age > 1 then 'newer_kept'
            when b.hubspot_id is null and n.given @> '{"partial": true}' then 'missing'
            when b.hubspot_id is null and (%9$s) then 'not_kept'
            when b.hubspot_id is null then 'refused: the row was deleted while it was copied'
            when n.hubspot_id = any(made) then 'written'
            when b.source_modified_at > n.source_modified_at then 'newer_kept'
            when %8$s then 'written'
            else 'already_equal'
        end as verdict
        from given as n left join %2$s as b on b.hubspot_id = n.hubspot_id
    ),
    copied as (
        update %2$s as b set
            %7$s,
            source_modified_at = n.source_modified_at,
            credit_desk_synced_at = clock_timestamp()%10$s
        from judged as n
        where b.hubspot_id = n.hubspot_id and (
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
    %11$s
end
$body$
    $build$, kind, target, known, names, values_, inserted, assignments, same, lacking, stamps, fills,
        also_names, also_values, fill_from);
    execute format(
        'revoke all on function credit_desk_copy_%1$s(jsonb, text[]) '
        'from public, anon, authenticated', kind
    );
    execute format(
        'grant execute on function credit_desk_copy_%s(jsonb, text[]) to service_role', kind
    );
end
$$;

create or replace function credit_desk_copy(kind text, rows jsonb)
returns table (hubspot_id text, outcome text)
language plpgsql set search_path from current as $$
declare
    faults text[];
    copy text := format('select * from credit_desk_copy_%s($1, $2)', kind);
begin
    if credit_desk_table(kind) is null then
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
    select array_agg(credit_desk_fault(kind, e.given) order by e.place)
    into faults
    from jsonb_array_elements(rows) with ordinality as e (given, place);
    return query execute copy using rows, faults;
end
$$;

-- A project grants every new function to everybody; these are the server's alone.
revoke all on function credit_desk_copy(text, jsonb), credit_desk_fault(text, jsonb),
credit_desk_columns(text), credit_desk_fills(), credit_desk_day(text), credit_desk_spare(text),
credit_desk_value(text, text, text), credit_desk_same(text, text, text)
from public, anon, authenticated;
revoke all on procedure credit_desk_build_copy(text)
from public, anon, authenticated, service_role;
grant execute on function credit_desk_copy(text, jsonb), credit_desk_fault(text, jsonb),
credit_desk_columns(text), credit_desk_fills(), credit_desk_day(text), credit_desk_spare(text),
credit_desk_value(text, text, text), credit_desk_same(text, text, text)
to service_role;
