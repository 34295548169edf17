-- What is owed, as the desk counts it: a booking whose refund mark is unclear, for the time or the admin
-- of a refund is there without the mark, or whose attendance is not "No" or empty, waits for a person
-- and is not counted. A mark of any other word is not copied at all; the page of the exam tells of it.

create or replace function public.credit_desk_sessions(
    since date, until date, tokens text[], most integer
)
returns table (exam jsonb, active bigint, completed bigint, cancelled bigint, owed bigint)
language sql stable set search_path = '' as $$
    select to_jsonb(e), b.active, b.completed, b.cancelled, b.owed
    from (
        select * from public.hubspot_mock_exams as x
        where (since is null or x.exam_date >= since) and (until is null or x.exam_date <= until)
        order by x.exam_date, x.start_time, x.hubspot_id
        limit most
    ) as e
    cross join lateral (
        select
            count(*) filter (where k.is_active = 'Active') as active,
            count(*) filter (where k.is_active = 'Completed') as completed,
            count(*) filter (where k.is_active = 'Cancelled') as cancelled,
            count(*) filter (
                where k.is_active = 'Cancelled' and k.token_refunded is not true
                    and k.token_refunded_at is null and trim(coalesce(k.token_refund_admin, '')) = ''
                    and lower(trim(coalesce(k.attendance, ''))) in ('', 'no')
                    and lower(k.token_used) = any(tokens)
            ) as owed
        from public.hubspot_bookings as k where k.exam_hubspot_id = e.hubspot_id
    ) as b
    order by e.exam_date, e.start_time, e.hubspot_id
$$;
