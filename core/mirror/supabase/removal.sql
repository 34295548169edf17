-- Takes away what supabase/migrations made in the current schema, but for tables and their rows.

do $$
declare
    one record;
    kind text;
begin
    foreach kind in array array['hubspot_contact_credits', 'hubspot_bookings', 'hubspot_mock_exams'] loop
        continue when to_regclass(kind) is null;
        execute format('drop trigger if exists credit_desk_touch on %I', kind);
        for one in
            select c.relname from pg_index as i join pg_class as c on c.oid = i.indexrelid
            where i.indrelid = kind::regclass and c.relname like 'credit_desk_%'
        loop
            execute format('drop index %I', one.relname);
        end loop;
        execute format(
            'alter table %I drop column if exists source_modified_at,
             drop column if exists credit_desk_synced_at,
             drop column if exists credit_desk_changed_at', kind
        );
    end loop;
    -- named before any is dropped: dropping one takes those with it that are bound to it
    foreach kind in array coalesce((
        select array_agg(format(
            'drop %s if exists %s cascade',
            case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure
        ))
        from pg_proc as p
        where p.pronamespace = current_schema()::regnamespace and p.proname like 'credit\_desk\_%'
    ), '{}') loop
        execute kind;
    end loop;
    drop table if exists credit_desk_names, credit_desk_built, credit_desk_desks, credit_desk_takeovers;
end
$$;
