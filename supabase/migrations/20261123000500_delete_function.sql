-- credit_desk_delete(kind, rows): deletes mirror rows of records that HubSpot does not have any more.
--
--   kind  contacts | bookings | exams
--   rows  a JSON array, at most 1000 objects: hubspot_id, and source_modified_at and synced_at as
--         they were when the row was compared, null where they were null
--
-- Answers one row for each hubspot_id given:
--   deleted   it was that very version, and it is gone
--   changed   somebody copied or made it anew since it was compared: it stays
--   missing   there is no such row
--
-- Rows are locked in the order of their ids, as credit_desk_copy locks them, before any is judged.
-- Asked again after an answer that was lost, it says "missing" of what it deleted.

create or replace function public.credit_desk_delete(kind text, rows jsonb)
returns table (hubspot_id text, outcome text)
language plpgsql set search_path = '' as $$
begin
    if public.credit_desk_table(kind) is null then
        raise exception 'kind is %, not contacts, bookings or exams', coalesce(quote_literal(kind), 'null')
            using errcode = '22023';
    end if;
    if jsonb_typeof(rows) is distinct from 'array' or jsonb_array_length(rows) > 1000 then
        raise exception 'rows is not an array of at most 1000 objects' using errcode = '22023';
    end if;
    return query execute format($delete$
        with given as (
            select distinct on (e.hubspot_id) e.*
            from jsonb_to_recordset($1) as e (
                hubspot_id text, source_modified_at timestamptz, synced_at timestamptz
            )
            where e.hubspot_id is not null
        ),
        held as (
            select t.hubspot_id, t.source_modified_at, t.synced_at
            from %1$s as t
            where t.hubspot_id in (select g.hubspot_id from given as g)
            order by t.hubspot_id collate "C"
            for update
        ),
        judged as (
            select g.hubspot_id, case
                when h.hubspot_id is null then 'missing'
                when h.source_modified_at is distinct from g.source_modified_at
                    or h.synced_at is distinct from g.synced_at then 'changed'
                else 'deleted'
            end as verdict
            from given as g left join held as h on h.hubspot_id = g.hubspot_id
        ),
        gone as (
            delete from %1$s as t using judged as j
            where t.hubspot_id = j.hubspot_id and j.verdict = 'deleted'
        )
        select j.hubspot_id, j.verdict from judged as j
    $delete$, public.credit_desk_table(kind)) using rows;
end
$$;

-- The server's alone, as the copy is.
revoke all on function public.credit_desk_delete(text, jsonb) from public, anon, authenticated;
grant execute on function public.credit_desk_delete(text, jsonb) to service_role;

-- What `doctor` compares with what it needs: a version and the columns as they are.
create or replace function public.credit_desk_schema() returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'version', 2,
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
