set search_path = public, pg_temp;

-- What the columns of the mirror's tables are called, where they have other names than Credit Desk's.
-- Empty: all have ours. `python -m core mirror-sql` fills it from portal.toml, [columns.*].
-- A value of ours may go into several columns; the one of place 1 is read back.
create table if not exists credit_desk_names (
    kind text not null check (kind in ('contacts', 'bookings', 'exams')),
    ours text not null,
    theirs text not null,
    place integer not null default 1,
    primary key (kind, theirs),
    unique (kind, ours, place)
);

alter table credit_desk_names enable row level security;
revoke all on credit_desk_names from public, anon, authenticated;
grant select on credit_desk_names to service_role;

create or replace function credit_desk_table(kind text) returns regclass
language plpgsql stable set search_path from current as $$
begin
    return case kind
        when 'contacts' then 'hubspot_contact_credits'
        when 'bookings' then 'hubspot_bookings'
        when 'exams' then 'hubspot_mock_exams'
    end::regclass;
end
$$;

-- The table's column for a name of ours.
create or replace function credit_desk_name(of_kind text, of_ours text) returns text
language sql stable set search_path from current as $$
    select coalesce(
        (
            select n.theirs from credit_desk_names as n
            where n.kind = of_kind and n.ours = of_ours and n.place = 1
        ),
        of_ours
    )
$$;

revoke all on function credit_desk_table(text), credit_desk_name(text, text)
from public, anon, authenticated;
grant execute on function credit_desk_table(text), credit_desk_name(text, text) to service_role;
