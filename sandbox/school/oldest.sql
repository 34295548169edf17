-- The school's first tables: in public, counted by serials, with other names and without refund marks.

set search_path = public, pg_temp;

create table hubspot_contact_credits (
    id serial primary key,
    hubspot_id text unique not null,
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
    unique (student_id, email)
);

create table hubspot_mock_exams (
    id serial primary key,
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
    created_at timestamp default now(),
    updated_at timestamp default now(),
    synced_at timestamp default now()
);

create table hubspot_bookings (
    id serial primary key,
    hubspot_id text unique not null,
    booking_id text,
    mock_exam_id text,
    contact_id text,
    student_id text,
    student_name text,
    student_email text,
    is_active text,
    attendance text,
    attending_location text,
    exam_date timestamp,
    dominant_hand boolean,
    token_used text,
    mock_type text,
    created_at timestamp default now(),
    updated_at timestamp default now(),
    synced_at timestamp default now()
);

create table sync_metadata (
    id serial primary key,
    sync_type text unique not null,
    last_sync_timestamp bigint not null
);
insert into sync_metadata (sync_type, last_sync_timestamp) values ('contacts', 1760000000000);

do $$
declare
    name text;
begin
    foreach name in array array[
        'hubspot_contact_credits', 'hubspot_mock_exams', 'hubspot_bookings', 'sync_metadata'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format(
            'create policy "deny all" on %I for all to anon, authenticated using (false)', name
        );
        execute format('revoke all on %I from public, anon, authenticated', name);
    end loop;
end
$$;
