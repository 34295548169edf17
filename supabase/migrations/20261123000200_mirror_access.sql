-- Who may see the mirror. Nobody signed out; a student what is theirs; only the server writes.

alter table public.hubspot_contact_credits enable row level security;
alter table public.hubspot_bookings enable row level security;
alter table public.hubspot_mock_exams enable row level security;
alter table public.sync_metadata enable row level security;

revoke all on public.hubspot_contact_credits, public.hubspot_bookings,
public.hubspot_mock_exams, public.sync_metadata from anon, authenticated;
grant select on public.hubspot_contact_credits, public.hubspot_bookings,
public.hubspot_mock_exams to authenticated;
grant all on public.hubspot_contact_credits, public.hubspot_bookings,
public.hubspot_mock_exams, public.sync_metadata to service_role;

-- The select around auth.jwt() has it worked out once for the query, not once for each row.
drop policy if exists "students read their own credits" on public.hubspot_contact_credits;
create policy "students read their own credits" on public.hubspot_contact_credits
for select to authenticated
using (lower(email) = (select lower(auth.jwt() ->> 'email')));

drop policy if exists "students read their own bookings" on public.hubspot_bookings;
create policy "students read their own bookings" on public.hubspot_bookings
for select to authenticated
using (contact_hubspot_id in (
    select c.hubspot_id from public.hubspot_contact_credits as c
    where lower(c.email) = (select lower(auth.jwt() ->> 'email'))
));

drop policy if exists "students read exams" on public.hubspot_mock_exams;
create policy "students read exams" on public.hubspot_mock_exams
for select to authenticated using (true);

drop policy if exists "the server does everything" on public.hubspot_contact_credits;
create policy "the server does everything" on public.hubspot_contact_credits
for all to service_role using (true) with check (true);
drop policy if exists "the server does everything" on public.hubspot_bookings;
create policy "the server does everything" on public.hubspot_bookings
for all to service_role using (true) with check (true);
drop policy if exists "the server does everything" on public.hubspot_mock_exams;
create policy "the server does everything" on public.hubspot_mock_exams
for all to service_role using (true) with check (true);
drop policy if exists "the server does everything" on public.sync_metadata;
create policy "the server does everything" on public.sync_metadata
for all to service_role using (true) with check (true);
