set search_path = public, pg_temp;

-- What the functions that were made for the tables' columns were made for. A table that changed since
-- needs credit_desk_build() again: `doctor` says so.
create table if not exists credit_desk_built (
    kind text primary key,
    columns text not null,
    at timestamptz not null default now()
);
alter table credit_desk_built enable row level security;
revoke all on credit_desk_built from public, anon, authenticated;
grant select on credit_desk_built to service_role;

create or replace function credit_desk_signature(of_kind text) returns text
language sql stable set search_path from current as $$
    select string_agg(
        concat_ws(' ', a.attname, format_type(a.atttypid, null), a.attnotnull, n.ours, n.place), ', '
        order by a.attname
    )
    from pg_attribute as a
    left join credit_desk_names as n on n.kind = of_kind and n.theirs = a.attname
    where a.attrelid = credit_desk_table(of_kind) and a.attnum > 0 and not a.attisdropped
$$;

-- Makes everything that depends on the columns of the three tables, as they are now.
create or replace procedure credit_desk_build()
language plpgsql set search_path from current as $$
declare
    kind text;
begin
    call credit_desk_build_lookup();
    foreach kind in array array['contacts', 'bookings', 'exams'] loop
        call credit_desk_build_copy(kind);
        insert into credit_desk_built as b values (kind, credit_desk_signature(kind))
        on conflict on constraint credit_desk_built_pkey do update set
            columns = excluded.columns, at = now();
    end loop;
    execute 'revoke all on function credit_desk_find(text, text[], text[], integer), '
        'credit_desk_sessions(date, date, text[], integer), credit_desk_unrefunded(text, integer) '
        'from public, anon, authenticated';
    execute 'grant execute on function credit_desk_find(text, text[], text[], integer), '
        'credit_desk_sessions(date, date, text[], integer), credit_desk_unrefunded(text, integer) '
        'to service_role';
end
$$;

-- What `doctor` compares with what it needs: a version, names, and the columns as they are.
create or replace function credit_desk_schema() returns jsonb
language sql stable set search_path from current as $$
    select jsonb_build_object(
        'version', 5,
        'schema', current_schema(),
        'names', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', n.kind, 'ours', n.ours, 'theirs', n.theirs, 'place', n.place
            ) order by n.kind, n.ours, n.place), '[]')
            from credit_desk_names as n
        ),
        'tables', (
            select jsonb_object_agg(k.kind, (
                select jsonb_object_agg(a.attname, format_type(a.atttypid, null))
                from pg_attribute as a
                where a.attrelid = credit_desk_table(k.kind) and a.attnum > 0 and not a.attisdropped
            ))
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        ),
        -- what a row has to have that Credit Desk is to give, and the table does not by itself
        'required', (
            select jsonb_object_agg(k.kind, (
                select coalesce(jsonb_agg(c.ours), '[]') from credit_desk_columns(k.kind) as c
                where c.required and c.default_value is null
                    and c.ours not in ('hubspot_id', 'source_modified_at')
            ))
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        ),
        -- what may not be empty and has a default: what a new row says where a value cannot be read
        'never_empty', (
            select jsonb_object_agg(k.kind, (
                select coalesce(jsonb_object_agg(c.name, c.default_value), '{}')
                from credit_desk_columns(k.kind) as c
                where c.required and c.default_value is not null
            ))
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        ),
        -- whether others than the server can read or write it, past any policy
        'open', (
            select jsonb_object_agg(k.kind, not t.relrowsecurity and exists (
                select from pg_roles as r where r.rolname in ('anon', 'authenticated')
                    and has_table_privilege(r.oid, t.oid, 'select, insert, update, delete')
            ))
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
            join pg_class as t on t.oid = credit_desk_table(k.kind)
        ),
        'made', (
            select jsonb_object_agg(k.kind, credit_desk_made(credit_desk_table(k.kind)))
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        ),
        'stale', (
            select coalesce(jsonb_agg(k.kind), '[]')
            from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
            where not exists (
                select from credit_desk_built as b
                where b.kind = k.kind and b.columns = credit_desk_signature(k.kind)
            )
        )
    )
$$;

revoke all on function credit_desk_signature(text), credit_desk_schema()
from public, anon, authenticated;
revoke all on procedure credit_desk_build() from public, anon, authenticated, service_role;
grant execute on function credit_desk_signature(text), credit_desk_schema() to service_role;

call credit_desk_build();

-- The API reads which functions there are when it is told to.
notify pgrst, 'reload schema';
reset search_path;
