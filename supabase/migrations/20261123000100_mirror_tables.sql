-- The mirror: a copy of what HubSpot, the truth, holds. Student-facing apps read it.
-- Safe on a project that has these tables already: what is there stays, what is missing is added.

create table if not exists public.hubspot_contact_credits (
    hubspot_id text primary key,
    student_id text,
    email text,
    firstname text,
    lastname text,
    sj_credits integer not null default 0,
    cs_credits integer not null default 0,
    sjmini_credits integer not null default 0,
    mock_discussion_token integer not null default 0,
    shared_mock_credits integer not null default 0,
    ndecc_exam_date date,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    synced_at timestamptz,
    source_modified_at timestamptz
) with (fillfactor = 80);

create table if not exists public.hubspot_bookings (
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
    synced_at timestamptz,
    source_modified_at timestamptz
) with (fillfactor = 80);

create table if not exists public.hubspot_mock_exams (
    hubspot_id text primary key,
    mock_exam_name text,
    mock_type text,
    exam_date date,
    start_time text,
    end_time text,
    location text,
    capacity integer,
    total_bookings integer not null default 0,
    is_active text,
    scheduled_activation_datetime timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    synced_at timestamptz,
    source_modified_at timestamptz
) with (fillfactor = 80);

-- One row for each kind of sweep: when it last ran and how far it came.
create table if not exists public.sync_metadata (
    sync_type text primary key,
    last_sync_at timestamptz,
    status text,
    records_processed integer not null default 0,
    details jsonb not null default '{}',
    updated_at timestamptz not null default now()
);

-- What a table from before Credit Desk lacks.
alter table public.hubspot_contact_credits add column if not exists source_modified_at timestamptz;
alter table public.hubspot_bookings add column if not exists source_modified_at timestamptz;
alter table public.hubspot_mock_exams add column if not exists source_modified_at timestamptz;
alter table public.hubspot_bookings add column if not exists contact_hubspot_id text;
alter table public.hubspot_bookings add column if not exists exam_hubspot_id text;

-- "not valid": rows from before are left in peace, new ones are checked.
alter table public.hubspot_contact_credits drop constraint if exists credits_not_negative;
alter table public.hubspot_contact_credits add constraint credits_not_negative check (
    least(sj_credits, cs_credits, sjmini_credits, mock_discussion_token, shared_mock_credits) >= 0
) not valid;
alter table public.hubspot_mock_exams drop constraint if exists total_bookings_not_negative;
alter table public.hubspot_mock_exams add constraint total_bookings_not_negative check (
    total_bookings >= 0
) not valid;

comment on column public.hubspot_contact_credits.source_modified_at is
'HubSpot''s modified time of the version copied here. An older version never overwrites it.';
comment on column public.hubspot_contact_credits.synced_at is
'When credit_desk_copy last wrote this row. updated_at later than this: changed by somebody else.';

-- No index holds a column that every copy changes, so that an update stays on its page (HOT).
create unique index if not exists hubspot_contact_credits_hubspot_id
on public.hubspot_contact_credits (hubspot_id);
create unique index if not exists hubspot_bookings_hubspot_id
on public.hubspot_bookings (hubspot_id);
create unique index if not exists hubspot_mock_exams_hubspot_id
on public.hubspot_mock_exams (hubspot_id);
create index if not exists hubspot_contact_credits_email
on public.hubspot_contact_credits (lower(email));
create index if not exists hubspot_contact_credits_student_id
on public.hubspot_contact_credits (student_id);
create index if not exists hubspot_bookings_contact
on public.hubspot_bookings (contact_hubspot_id);
create index if not exists hubspot_bookings_exam on public.hubspot_bookings (exam_hubspot_id);
create index if not exists hubspot_bookings_booking_id on public.hubspot_bookings (booking_id);
create index if not exists hubspot_mock_exams_exam_date on public.hubspot_mock_exams (exam_date);

-- Whoever edits a row by hand leaves a trace: updated_at moves past synced_at.
create or replace function public.credit_desk_touch() returns trigger
language plpgsql set search_path = '' as $$
begin
    new.updated_at := clock_timestamp();
    return new;
end
$$;

create or replace trigger credit_desk_touch before update on public.hubspot_contact_credits
for each row when (
    new.updated_at is not distinct from old.updated_at
    and new.synced_at is not distinct from old.synced_at
) execute function public.credit_desk_touch();
create or replace trigger credit_desk_touch before update on public.hubspot_bookings
for each row when (
    new.updated_at is not distinct from old.updated_at
    and new.synced_at is not distinct from old.synced_at
) execute function public.credit_desk_touch();
create or replace trigger credit_desk_touch before update on public.hubspot_mock_exams
for each row when (
    new.updated_at is not distinct from old.updated_at
    and new.synced_at is not distinct from old.synced_at
) execute function public.credit_desk_touch();
