-- A name or an address of many thousand characters, pasted into HubSpot by mistake, took so long to be
-- cut into trigrams that every copy it was part of ran into its time limit. A person is looked for by
-- the beginning of each; what an index holds of ordinary rows stays as it is.

create or replace function public.credit_desk_words(
    firstname text, lastname text, email text, student_id text
) returns text
language sql immutable parallel safe set search_path = '' as $$
    select ' ' || trim(regexp_replace(public.credit_desk_fold(
        left(coalesce(firstname, ''), 200) || ' ' || left(coalesce(lastname, ''), 200) || ' '
        || left(coalesce(email, ''), 320) || ' ' || left(coalesce(student_id, ''), 200)
    ), '[^0-9a-z]+', ' ', 'g'))
$$;
