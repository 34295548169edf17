set search_path = public, pg_temp;

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

create or replace function credit_desk_delete(kind text, rows jsonb)
returns table (hubspot_id text, outcome text)
language plpgsql set search_path from current as $$
begin
    if credit_desk_table(kind) is null then
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
            select t.hubspot_id, t.source_modified_at, t.credit_desk_synced_at
            from %1$s as t
            where t.hubspot_id in (select g.hubspot_id from given as g)
            order by t.hubspot_id collate "C"
            for update
        ),
        judged as (
            select g.hubspot_id, case
                when h.hubspot_id is null then 'missing'
                when h.source_modified_at is distinct from g.source_modified_at
                    or h.credit_desk_synced_at is distinct from g.synced_at then 'changed'
                else 'deleted'
            end as verdict
            from given as g left join held as h on h.hubspot_id = g.hubspot_id
        ),
        gone as (
            delete from %1$s as t using judged as j
            where t.hubspot_id = j.hubspot_id and j.verdict = 'deleted'
        )
        select j.hubspot_id, j.verdict from judged as j
    $delete$, credit_desk_table(kind)) using rows;
end
$$;

-- The server's alone, as the copy is.
revoke all on function credit_desk_delete(text, jsonb) from public, anon, authenticated;
grant execute on function credit_desk_delete(text, jsonb) to service_role;


-- credit_desk_probe(given): tries a copy and a deletion of each kind, and leaves nothing behind.
--
--   given  {"contacts": row, "exams": row, "bookings": row}, invented rows with a hubspot_id that
--          HubSpot never gives; the booking is of this contact and exam
--
-- Answers "works", or what a copy or a deletion came to, or the database's error. Everything it does,
-- what triggers do included, is rolled back before it answers. For `python -m core doctor`.
drop function if exists credit_desk_probe(text, jsonb);
create or replace function credit_desk_probe(given jsonb) returns text
language plpgsql set search_path from current as $$
declare
    kind text;
    held jsonb;
    said text;
begin
    begin
        foreach kind in array array['contacts', 'exams', 'bookings'] loop
            continue when not given ? kind;
            select c.outcome into said
            from credit_desk_copy(kind, jsonb_build_array(given -> kind)) as c;
            if said is distinct from 'written' then
                raise exception 'a copy answered %', coalesce(said, 'nothing') using errcode = 'CDP01';
            end if;
        end loop;
        foreach kind in array array['bookings', 'exams', 'contacts'] loop
            continue when not given ? kind;
            execute format(
                'select jsonb_build_object(''hubspot_id'', hubspot_id, ''source_modified_at'', '
                'source_modified_at, ''synced_at'', credit_desk_synced_at) from %s '
                'where hubspot_id = $1', credit_desk_table(kind)
            ) into held using given -> kind ->> 'hubspot_id';
            select d.outcome into said
            from credit_desk_delete(kind, jsonb_build_array(held)) as d;
            if said is distinct from 'deleted' then
                raise exception 'a deletion answered %', coalesce(said, 'nothing')
                    using errcode = 'CDP01';
            end if;
        end loop;
        raise exception 'undo it' using errcode = 'CDP00';
    exception
        when sqlstate 'CDP00' then
            return 'works';
        when others then
            return kind || ': ' || sqlerrm;
    end;
end
$$;

revoke all on function credit_desk_probe(jsonb) from public, anon, authenticated;
grant execute on function credit_desk_probe(jsonb) to service_role;
