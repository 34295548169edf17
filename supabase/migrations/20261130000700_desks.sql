set search_path = public, pg_temp;

-- The register of desks: each running process of Credit Desk renews an entry, so that every desk that
-- writes credits of one account can see the others. Times are this database's, so that no two
-- machines' clocks are ever compared.

create table if not exists credit_desk_desks (
    process text primary key,
    desk text not null,
    host text not null,
    version text not null,
    started_at timestamptz not null,
    last_seen timestamptz not null
);

-- Desks that another one took over from. A desk that takes over in turn leaves this list.
create table if not exists credit_desk_takeovers (
    desk text primary key,
    by_desk text not null,
    at timestamptz not null
);

alter table credit_desk_desks enable row level security;
alter table credit_desk_takeovers enable row level security;
revoke all on credit_desk_desks, credit_desk_takeovers from public, anon, authenticated;
grant select, insert, update, delete on credit_desk_desks, credit_desk_takeovers
to service_role;

-- All entries, the newest first. An entry from the future was not renewed since this database's
-- clock was set back: it counts as silent for as long.
create or replace function credit_desk_registered() returns jsonb
language sql stable set search_path from current as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'process', d.process,
        'desk', d.desk,
        'host', d.host,
        'version', d.version,
        'started_at', d.started_at,
        'seen_s', abs(extract(epoch from clock_timestamp() - d.last_seen)),
        'taken_over_by', coalesce(t.by_desk, ''),
        'taken_over_at', t.at
    ) order by d.last_seen desc, d.process), '[]')
    from credit_desk_desks as d
    left join credit_desk_takeovers as t on t.desk = d.desk
$$;

-- Adds or renews one entry; answers all. Entries that nobody renewed for thirty days go.
create or replace function credit_desk_register(
    process text, desk text, host text, version text, started_at timestamptz
) returns jsonb
language plpgsql set search_path from current as $$
#variable_conflict use_column
begin
    delete from credit_desk_desks as d
    where d.last_seen < clock_timestamp() - interval '30 days';
    insert into credit_desk_desks as d
    values ($1, $2, $3, $4, $5, clock_timestamp())
    on conflict (process) do update set
        desk = excluded.desk, host = excluded.host, version = excluded.version,
        last_seen = excluded.last_seen;
    return credit_desk_registered();
end
$$;

create or replace function credit_desk_unregister(process text) returns void
language sql set search_path from current as $$
    delete from credit_desk_desks as d where d.process = $1
$$;

-- These desks were taken over from by that one, which itself is no longer.
create or replace function credit_desk_take_over(desks text[], by_desk text) returns void
language plpgsql set search_path from current as $$
begin
    insert into credit_desk_takeovers as t
    select distinct one, $2, clock_timestamp() from unnest($1) as one where one <> $2
    on conflict (desk) do update set by_desk = excluded.by_desk, at = excluded.at;
    delete from credit_desk_takeovers as t where t.desk = $2;
end
$$;

-- The server's alone, as the copy is.
revoke all on function credit_desk_registered() from public, anon, authenticated;
revoke all on function credit_desk_register(text, text, text, text, timestamptz)
from public, anon, authenticated;
revoke all on function credit_desk_unregister(text) from public, anon, authenticated;
revoke all on function credit_desk_take_over(text[], text) from public, anon, authenticated;
grant execute on function credit_desk_registered() to service_role;
grant execute on function credit_desk_register(text, text, text, text, timestamptz)
to service_role;
grant execute on function credit_desk_unregister(text) to service_role;
grant execute on function credit_desk_take_over(text[], text) to service_role;
