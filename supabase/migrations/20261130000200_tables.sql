set search_path = public, pg_temp;

-- The mirror: a copy of what HubSpot holds, for apps that read Supabase.
--
-- A table that is there already stays as it is: its columns, keys, policies, grants and row level
-- security. It only gets columns of our own, which are empty or have no meaning for other writers, and
-- a trigger that writes one of them. A table that is missing is made, and is ours: its comment says so.

create or replace function credit_desk_made(target regclass) returns boolean
language sql stable set search_path from current as $$
    select coalesce(obj_description(target, 'pg_class') like 'Made by Credit Desk%', false)
$$;

do $$
begin
    if to_regclass('hubspot_contact_credits') is null then
        create table hubspot_contact_credits (
            hubspot_id text primary key,
            student_id text,
            email text,
            firstname text,
            lastname text,
            sj_credits integer default 0,
            cs_credits integer default 0,
            sjmini_credits integer default 0,
            mock_discussion_token integer default 0,
            shared_mock_credits integer default 0,
            ndecc_exam_date date,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            synced_at timestamptz,
            constraint credits_not_negative check (
                least(
                    sj_credits, cs_credits, sjmini_credits, mock_discussion_token, shared_mock_credits
                ) >= 0
            )
        ) with (fillfactor = 80);
        comment on table hubspot_contact_credits is 'Made by Credit Desk: contacts, as HubSpot has them.';
    end if;
    if to_regclass('hubspot_bookings') is null then
        create table hubspot_bookings (
            hubspot_id text primary key,
            booking_id text,
            contact_hubspot_id text,
            exam_hubspot_id text,
            is_active text,
            token_used text,
            token_refunded boolean,
            token_refunded_at timestamptz,
            token_refund_admin text,
            attendance text,
            attending_location text,
            dominant_hand text,
            idempotency_key text,
            mock_type text,
            exam_date date,
            location text,
            start_time text,
            end_time text,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            synced_at timestamptz
        ) with (fillfactor = 80);
        comment on table hubspot_bookings is 'Made by Credit Desk: bookings, as HubSpot has them.';
    end if;
    if to_regclass('hubspot_mock_exams') is null then
        create table hubspot_mock_exams (
            hubspot_id text primary key,
            mock_exam_name text,
            mock_type text,
            exam_date date,
            start_time text,
            end_time text,
            location text,
            capacity integer,
            total_bookings integer default 0 constraint total_bookings_not_negative check (
                total_bookings >= 0
            ),
            is_active text,
            scheduled_activation_datetime timestamptz,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            synced_at timestamptz
        ) with (fillfactor = 80);
        comment on table hubspot_mock_exams is 'Made by Credit Desk: exams, as HubSpot has them.';
    end if;
end
$$;

-- What cannot be read in HubSpot is empty in a new row of ours: 0 would say that a student has no credits.
do $$
declare
    counter record;
begin
    for counter in
        select t.oid::regclass as target, a.attname as name
        from (values ('contacts'), ('bookings'), ('exams')) as k (kind)
        join pg_class as t on t.oid = credit_desk_table(k.kind) and credit_desk_made(t.oid)
        join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        where a.atttypid = 'integer'::regtype and a.attnotnull and a.atthasdef
    loop
        execute format('alter table %s alter column %I drop not null', counter.target, counter.name);
    end loop;
end
$$;

-- Whoever else changes a row leaves a trace in a column of ours; what they wrote stays as it is.
create or replace function credit_desk_touch() returns trigger
language plpgsql set search_path from current as $$
begin
    new.credit_desk_changed_at := clock_timestamp();
    return new;
end
$$;

do $$
declare
    kind text;
    target regclass;
    needed record;
    name text;
begin
    foreach kind in array array['contacts', 'bookings', 'exams'] loop
        target := credit_desk_table(kind);
        if not exists (
            select from pg_index as i
            join pg_attribute as a on a.attrelid = i.indrelid and a.attname = 'hubspot_id'
            where i.indrelid = target and i.indisunique and i.indpred is null
                and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
        ) then
            raise exception '% has no unique key on hubspot_id alone, so no copy can find its row', target
                using hint = format(
                    'Remove rows that share a hubspot_id, then: alter table %s add unique (hubspot_id)',
                    target
                );
        end if;
        execute format(
            'alter table %s add column if not exists source_modified_at timestamptz,
             add column if not exists credit_desk_synced_at timestamptz,
             add column if not exists credit_desk_changed_at timestamptz', target
        );
        execute format(
            'comment on column %s.source_modified_at is %L', target,
            'Credit Desk: HubSpot''s modified time of the version copied here. An older version never '
            'overwrites it.'
        );
        execute format(
            'comment on column %s.credit_desk_synced_at is %L', target,
            'Credit Desk: when it last wrote this row.'
        );
        execute format(
            'comment on column %s.credit_desk_changed_at is %L', target,
            'Credit Desk: when somebody else last changed this row.'
        );
        execute format(
            'create or replace trigger credit_desk_touch before update on %s for each row when (
                new.credit_desk_synced_at is not distinct from old.credit_desk_synced_at
            ) execute function credit_desk_touch()', target
        );
    end loop;

    -- References to contact and exam are never added to a table that is there: other apps would not
    -- find the desk's bookings by them.
    for needed in
        select * from (values ('contact_hubspot_id', 'contact'), ('exam_hubspot_id', 'exam'))
        as n (ours, what)
    loop
        name := credit_desk_name('bookings', needed.ours);
        if credit_desk_made(credit_desk_table('bookings')) then
            execute format('alter table hubspot_bookings add column if not exists %I text', name);
        elsif not exists (
            select from pg_attribute
            where attrelid = credit_desk_table('bookings') and attname = name and not attisdropped
        ) then
            raise exception '% has no column %, for the HubSpot id of the %',
                credit_desk_table('bookings'), name, needed.what
                using hint = format(
                    'Name its column in portal.toml, as [columns.bookings] %s = "associated_%s", and '
                    'apply what `python -m core mirror-sql` prints', needed.ours,
                    case needed.what when 'exam' then 'mock_exam' else 'contact_id' end
                );
        end if;
    end loop;

    -- What the desk looks people and exams up by, or counts.
    for needed in
        select * from (values
            ('contacts', 'student_id', 'text'), ('contacts', 'email', 'text'),
            ('contacts', 'firstname', 'text'), ('contacts', 'lastname', 'text'),
            ('bookings', 'booking_id', 'text'), ('bookings', 'is_active', 'text'),
            ('bookings', 'token_used', 'text'), ('bookings', 'token_refunded', 'text'),
            ('bookings', 'token_refunded_at', 'timestamptz'),
            ('bookings', 'token_refund_admin', 'text'), ('bookings', 'attendance', 'text'),
            ('exams', 'exam_date', 'date'), ('exams', 'start_time', 'text'),
            ('exams', 'is_active', 'text'), ('exams', 'total_bookings', 'integer')
        ) as n (kind, ours, type)
    loop
        execute format(
            'alter table %s add column if not exists %I %s', credit_desk_table(needed.kind),
            credit_desk_name(needed.kind, needed.ours), needed.type
        );
    end loop;
end
$$;

revoke all on function credit_desk_made(regclass), credit_desk_touch()
from public, anon, authenticated;
grant execute on function credit_desk_made(regclass) to service_role;
-- A trigger's function is run by whoever updates the row, and needs no right of theirs.
