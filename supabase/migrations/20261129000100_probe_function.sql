-- credit_desk_probe(kind, given): tries a copy and a deletion, and leaves nothing behind.
--
--   kind   contacts | bookings | exams
--   given  an invented row with a hubspot_id that HubSpot never gives
--
-- Answers "works", or what a copy or a deletion came to, or the database's error. Everything it does,
-- what triggers do included, is rolled back before it answers. For `python -m core doctor`.

create or replace function public.credit_desk_probe(kind text, given jsonb) returns text
language plpgsql set search_path = '' as $$
declare
    target regclass := public.credit_desk_table(kind);
    held jsonb;
    said text;
begin
    begin
        select c.outcome into said from public.credit_desk_copy(kind, jsonb_build_array(given)) as c;
        if said is distinct from 'written' then
            raise exception 'a copy answered %', coalesce(said, 'nothing') using errcode = 'CDP01';
        end if;
        execute format(
            'select jsonb_build_object(''hubspot_id'', hubspot_id, ''source_modified_at'', '
            'source_modified_at, ''synced_at'', synced_at) from %s where hubspot_id = $1', target
        ) into held using given ->> 'hubspot_id';
        select d.outcome into said
        from public.credit_desk_delete(kind, jsonb_build_array(held)) as d;
        if said is distinct from 'deleted' then
            raise exception 'a deletion answered %', coalesce(said, 'nothing') using errcode = 'CDP01';
        end if;
        raise exception 'undo it' using errcode = 'CDP00';
    exception
        when sqlstate 'CDP00' then
            return 'works';
        when others then
            return sqlerrm;
    end;
end
$$;

revoke all on function public.credit_desk_probe(text, jsonb) from public, anon, authenticated;
grant execute on function public.credit_desk_probe(text, jsonb) to service_role;

-- What `doctor` compares with what it needs: a version and the columns as they are.
create or replace function public.credit_desk_schema() returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'version', 3,
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
