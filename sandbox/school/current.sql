-- The school's tables, as its apps made them: in a schema of their own, with uuids, timestamps without
-- time zone, "true" as a text, shut to everybody but the server.

create schema hubspot_sync;
set search_path = hubspot_sync, public, pg_temp;
grant usage on schema hubspot_sync to anon, authenticated, service_role;

create table hubspot_contact_credits (
    id uuid primary key default gen_random_uuid(),
    hubspot_id text not null,
    student_id text not null,
    email text not null,
    firstname text,
    lastname text,
    sj_credits integer default 0,
    cs_credits integer default 0,
    sjmini_credits integer default 0,
    mock_discussion_token integer default 0,
    shared_mock_credits integer default 0,
    ndecc_exam_date text,
    created_at timestamp default now(),
    updated_at timestamp default now(),
    synced_at timestamp default now(),
    constraint hubspot_contact_credits_hubspot_id_key unique (hubspot_id),
    constraint hubspot_contact_credits_student_id_email_key unique (student_id, email)
);

create table hubspot_mock_exams (
    id uuid primary key default gen_random_uuid(),
    hubspot_id text unique not null,
    mock_exam_name text,
    mock_type text,
    exam_date date,
    start_time text,
    end_time text,
    location text,
    capacity integer,
    total_bookings integer default 0,
    is_active text,
    scheduled_activation_datetime timestamptz,
    created_at timestamp default now(),
    updated_at timestamp default now(),
    synced_at timestamp default now()
);

create table hubspot_bookings (
    id uuid primary key default gen_random_uuid(),
    hubspot_id text unique not null,
    booking_id text,
    associated_mock_exam text,
    associated_contact_id text references hubspot_contact_credits (hubspot_id),
    student_id text,
    name text,
    student_email text,
    booking_status text,
    is_active text,
    attendance text,
    attending_location text,
    exam_date timestamp,
    dominant_hand text,
    token_used text,
    token_refunded text,
    token_refunded_at timestamptz,
    token_refund_admin text,
    start_time text,
    end_time text,
    ndecc_exam_date date,
    idempotency_key text,
    mock_type text,
    created_at timestamp default now(),
    updated_at timestamp default now(),
    synced_at timestamp default now()
);

create table sync_metadata (
    id uuid primary key default gen_random_uuid(),
    sync_type text unique not null,
    last_sync_timestamp bigint not null
);
insert into sync_metadata (sync_type, last_sync_timestamp) values
('contacts', 1790000000000), ('bookings', 1790000000000), ('mock_exams', 1790000000000);

-- A trigger of theirs: every change of a balance is noted.
create table credit_audit (
    at timestamptz default clock_timestamp(),
    hubspot_id text,
    before jsonb,
    after jsonb
);
create function note_credits() returns trigger language plpgsql as $$
begin
    insert into hubspot_sync.credit_audit (hubspot_id, before, after)
    values (new.hubspot_id, to_jsonb(old), to_jsonb(new));
    return new;
end
$$;
create trigger note_credits after update on hubspot_contact_credits
for each row execute function note_credits();

create function increment_exam_bookings(exam text, delta integer) returns integer
language sql as $$
    update hubspot_sync.hubspot_mock_exams
    set total_bookings = greatest(0, total_bookings + delta), updated_at = now()
    where hubspot_id = exam returning total_bookings
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'hubspot_contact_credits', 'hubspot_mock_exams', 'hubspot_bookings', 'sync_metadata',
        'credit_audit'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format(
            'create policy "deny all" on %I for all to anon, authenticated using (false)', name
        );
        execute format('revoke all on %I from public, anon, authenticated', name);
        execute format('grant all on %I to service_role', name);
    end loop;
end
$$;
revoke all on function increment_exam_bookings(text, integer) from public, anon, authenticated;
grant execute on function increment_exam_bookings(text, integer) to service_role;
