set search_path = public, pg_temp;

-- What a student reads of tables that we made: these columns, of rows that are theirs. What staff did
-- (token_refund_admin), keys of other apps and the desk's own columns stay the server's.
create or replace function credit_desk_student_columns(kind text) returns text[]
language sql immutable set search_path from current as $$
    select case kind
        when 'contacts' then array[
            'hubspot_id', 'student_id', 'email', 'firstname', 'lastname', 'sj_credits', 'cs_credits',
            'sjmini_credits', 'mock_discussion_token', 'shared_mock_credits', 'ndecc_exam_date'
        ]
        when 'bookings' then array[
            'hubspot_id', 'booking_id', 'contact_hubspot_id', 'exam_hubspot_id', 'is_active',
            'token_used', 'token_refunded', 'token_refunded_at', 'attendance', 'attending_location',
            'dominant_hand', 'mock_type', 'exam_date', 'location', 'start_time', 'end_time'
        ]
        when 'exams' then array[
            'hubspot_id', 'mock_exam_name', 'mock_type', 'exam_date', 'start_time', 'end_time',
            'location', 'capacity', 'total_bookings', 'is_active'
        ]
    end
$$;

do $$
declare
    kind text;
    target regclass;
    columns text;
    named record;
begin
    foreach kind in array array['contacts', 'bookings', 'exams'] loop
        target := credit_desk_table(kind);
        continue when not credit_desk_made(target) or to_regprocedure('auth.jwt()') is null;
        select string_agg(quote_ident(a.attname), ', ') into columns from pg_attribute as a
        where a.attrelid = target and a.attnum > 0 and not a.attisdropped
            and a.attname = any(credit_desk_student_columns(kind));
        execute format('revoke all on %s from public, anon, authenticated', target);
        execute format('grant select (%s) on %s to authenticated', columns, target);
    end loop;

    -- An exam that is not open yet, or no more, is seen by those who are booked on it.
    if
        to_regprocedure('auth.jwt()') is not null and credit_desk_made(credit_desk_table('exams'))
    then
        drop policy if exists "students read exams" on hubspot_mock_exams;
        drop policy if exists "students read open exams" on hubspot_mock_exams;
        if credit_desk_made(credit_desk_table('bookings')) then
            create policy "students read open exams" on hubspot_mock_exams
            for select to authenticated using (
                lower(is_active) = 'true'
                or hubspot_id in (select b.exam_hubspot_id from hubspot_bookings as b)
            );
        else
            create policy "students read open exams" on hubspot_mock_exams
            for select to authenticated using (lower(is_active) = 'true');
        end if;
    end if;

    -- A policy of ours says so, and what it says; one that was altered since is no longer ours.
    for named in
        select p.polname, p.polrelid::regclass as target,
            md5(pg_get_expr(p.polqual, p.polrelid)) as said
        from pg_policy as p
        where p.polname in (
            'students read their own credits', 'students read their own bookings',
            'students read open exams'
        ) and p.polrelid in (
            credit_desk_table('contacts'), credit_desk_table('bookings'), credit_desk_table('exams')
        ) and credit_desk_made(p.polrelid)
    loop
        execute format(
            'comment on policy %I on %s is %L', named.polname, named.target,
            'Made by Credit Desk: ' || named.said
        );
    end loop;
end
$$;

-- What lets people with a publishable key (anon) or a student's token (authenticated) read or write
-- more of the tables than a student's own rows. Tells and changes nothing: other apps may need it.
create or replace function credit_desk_exposure()
returns table (what text, target text, who text, said text, mend text)
language sql stable set search_path from current as $$
    with recursive ours as (
        select k.kind, credit_desk_table(k.kind) as oid
        from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        union all
        select '', c.oid from pg_class as c
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
            and c.relname like 'credit\_desk\_%'
    ),
    tables as (
        select o.kind, c.oid, c.relname, c.relowner, c.relrowsecurity as guarded,
            format('%I.%I', c.relnamespace::regnamespace::text, c.relname) as name,
            o.kind = '' or credit_desk_made(c.oid) as made
        from ours as o join pg_class as c on c.oid = o.oid
    ),
    people as (
        select r.oid, r.rolname::text as who, r.rolbypassrls or r.rolsuper as unbound
        from pg_roles as r where r.rolname in ('anon', 'authenticated')
    ),
    -- policies that give this person something of a table for which they have a right
    policies as (
        select t.kind, t.oid, t.name, t.made, r.who, p.oid as policy, p.polname, p.polcmd,
            coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') as rows
        from tables as t
        join pg_policy as p on p.polrelid = t.oid and p.polpermissive
        join people as r on r.oid = any(p.polroles) or 0 = any(p.polroles)
        where t.guarded
            and coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') <> 'false'
            and (
                p.polcmd in ('r', '*') and has_any_column_privilege(r.oid, t.oid, 'select')
                or p.polcmd in ('a', '*') and has_any_column_privilege(r.oid, t.oid, 'insert')
                    and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') <> 'false'
                or p.polcmd in ('w', '*') and has_any_column_privilege(r.oid, t.oid, 'update')
                or p.polcmd in ('d', '*') and has_table_privilege(r.oid, t.oid, 'delete')
            )
    ),
    -- tables, and views over them, and views over those
    reading as (
        select oid from tables
        union
        select w.ev_class from reading as r
        join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
            and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite as w on w.oid = d.objid
        where w.ev_class <> r.oid
    ),
    views as (
        select c.oid, c.relkind, c.relname,
            format('%I.%I', c.relnamespace::regnamespace::text, c.relname) as name,
            c.relkind = 'm' or not exists (
                select from unnest(c.reloptions) as o (option)
                where o.option in (
                    'security_invoker=true', 'security_invoker=on', 'security_invoker=1',
                    'security_invoker=yes'
                )
            ) as as_owner
        from reading as r
        join pg_class as c on c.oid = r.oid and c.relkind in ('v', 'm')
    ),
    functions as (
        select p.oid, p.oid::regprocedure::text as named, p.prokind, p.prosecdef,
            p.pronamespace = current_schema()::regnamespace and p.proname like 'credit\_desk\_%' as made,
            format('%I.%I(%s)', p.pronamespace::regnamespace::text, p.proname,
                pg_get_function_identity_arguments(p.oid)) as name
        from pg_proc as p
        where p.prorettype <> 'trigger'::regtype and p.prokind in ('f', 'p') and (
            p.prosecdef and (
                exists (
                    select from (
                        select relname from tables union all select relname from views
                    ) as n where p.prosrc ~* ('\m' || n.relname || '\M')
                )
                or exists (
                    select from pg_depend as d join reading as r on r.oid = d.refobjid
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                        and d.refclassid = 'pg_class'::regclass
                )
            )
            or p.pronamespace = current_schema()::regnamespace
                and p.proname like 'credit\_desk\_%'
                and p.proname not in (
                    'credit_desk_fold', 'credit_desk_words', 'credit_desk_trigrams'
                )
        )
    ),
    columns as (
        select t.kind, t.name, t.made, r.who, a.attname::text as attname
        from tables as t
        join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        join people as r on has_column_privilege(r.oid, t.oid, a.attnum, 'select')
        where case
            when t.made then r.who = 'anon' or t.kind = ''
                or a.attname <> all(credit_desk_student_columns(t.kind))
            else exists (select from policies as p where p.oid = t.oid and p.who = r.who)
                and a.attname in (
                    credit_desk_name(t.kind, 'token_refund_admin'),
                    credit_desk_name(t.kind, 'idempotency_key')
                )
        end
    ),
    found as (
        select 'table' as what, t.name as target, r.who,
            'row level security is off, so every row can be read' as said,
            format('alter table %s enable row level security', t.name) as mend
        from tables as t join people as r on has_any_column_privilege(r.oid, t.oid, 'select')
        where not t.guarded
        union all
        select 'role', t.name, r.who, 'the role is bound by no row level security',
            case when r.unbound then format('alter role %I nobypassrls', r.who)
            else format('revoke %I from %I', t.relowner::regrole::text, r.who) end
        from tables as t join people as r on r.unbound or pg_has_role(r.oid, t.relowner, 'usage')
        union all
        select 'policy', p.name, p.who,
            format('policy "%s" lets %s rows where %s', p.polname, case p.polcmd
                when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                when 'd' then 'delete' else 'read and write' end, p.rows),
            format('drop policy %I on %s', p.polname, p.name)
        from policies as p
        where not (
            p.made and coalesce(obj_description(p.policy, 'pg_policy'), '')
                = 'Made by Credit Desk: ' || md5(p.rows)
        )
        union all
        select 'grant', c.name, c.who,
            format('the columns %s can be read', string_agg(c.attname, ', ' order by c.attname)),
            format('revoke select on %s from public, anon, authenticated%s', c.name,
                case when c.made then ', then apply Credit Desk''s SQL again'
                else ', then grant select on the columns that the app reads' end)
        from columns as c group by c.name, c.who, c.made
        union all
        select case v.relkind when 'm' then 'materialized view' else 'view' end, v.name, r.who,
            'it reads the table as its owner, past row level security',
            case v.relkind
                when 'm' then format('revoke all on %s from public, anon, authenticated', v.name)
                else format('alter view %s set (security_invoker = true)', v.name)
            end
        from views as v
        join pg_class as c on c.oid = v.oid
        join people as r on has_any_column_privilege(r.oid, v.oid, 'select')
            and has_schema_privilege(r.oid, c.relnamespace, 'usage')
        where v.as_owner
        union all
        select 'function', f.name, r.who,
            case when f.prosecdef then 'it reads or writes the tables as its owner'
            else 'it is the server''s alone' end,
            format('revoke execute on %s %s from public, anon, authenticated',
                case f.prokind when 'p' then 'procedure' else 'function' end, f.name)
        from functions as f
        join pg_proc as p on p.oid = f.oid
        join people as r on has_function_privilege(r.oid, f.oid, 'execute')
            and has_schema_privilege(r.oid, p.pronamespace, 'usage')
    )
    select f.what, f.target, string_agg(distinct f.who, ' and '), f.said, f.mend
    from found as f group by f.what, f.target, f.said, f.mend order by f.what, f.target, f.said
$$;

revoke all on function credit_desk_student_columns(text), credit_desk_exposure()
from public, anon, authenticated;
grant execute on function credit_desk_student_columns(text), credit_desk_exposure() to service_role;

-- Who applies this sees it, and `doctor` says it again.
do $$
declare
    found record;
begin
    for found in select * from credit_desk_exposure() loop
        raise warning '%: % of %: %. To mend it: %', found.who, found.what, found.target,
            found.said, found.mend;
    end loop;
end
$$;

notify pgrst, 'reload schema';
reset search_path;
