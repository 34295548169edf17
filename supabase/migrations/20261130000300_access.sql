set search_path = public, pg_temp;

-- Who may see tables that we made: nobody signed out, a student what is theirs; only the server
-- writes. Which columns and exams, 000900_exposure.sql says. Of a table that was there before, not a
-- policy, grant or setting is touched.

do $$
declare
    kind text;
    target regclass;
    jwt boolean := to_regprocedure('auth.jwt()') is not null;
    mine text := '(select lower(auth.jwt() ->> ''email''))';
begin
    foreach kind in array array['contacts', 'bookings', 'exams'] loop
        target := credit_desk_table(kind);
        continue when not credit_desk_made(target);
        execute format('alter table %s enable row level security', target);
        execute format('revoke all on %s from anon, authenticated', target);
        execute format('grant all on %s to service_role', target);
        execute format('drop policy if exists "the server does everything" on %s', target);
        execute format(
            'create policy "the server does everything" on %s
             for all to service_role using (true) with check (true)', target
        );
    end loop;

    -- The select around auth.jwt() has it worked out once for the query, not once for each row.
    if jwt and credit_desk_made(credit_desk_table('contacts')) then
        drop policy if exists "students read their own credits" on hubspot_contact_credits;
        execute format(
            'create policy "students read their own credits" on hubspot_contact_credits
             for select to authenticated using (lower(email) = %s)', mine
        );
    end if;
    if
        jwt and credit_desk_made(credit_desk_table('bookings'))
        and credit_desk_made(credit_desk_table('contacts'))
    then
        drop policy if exists "students read their own bookings" on hubspot_bookings;
        execute format(
            'create policy "students read their own bookings" on hubspot_bookings
             for select to authenticated using (%I in (
                 select c.hubspot_id from hubspot_contact_credits as c where lower(c.email) = %s
             ))', credit_desk_name('bookings', 'contact_hubspot_id'), mine
        );
    end if;
end
$$;
