-- What was: traffic by the minute, and from when on the log tells of this registry.

create table traffic_minute (
  service text not null,
  minute timestamptz not null,
  unknown smallint not null check (unknown between 0 and 60),
  requests bigint not null check (requests >= 0),
  traffic bytea not null,
  primary key (service, minute)
) partition by range (minute);
comment on table traffic_minute is 'One row a service and minute, also of a service without traffic: where there is none, the traffic is unknown.';
comment on column traffic_minute.unknown is 'Seconds of the minute of which some traffic was never reported.';
comment on column traffic_minute.traffic is 'Callers, instances and latencies; Dashboard.Core/History/MinuteCode says how.';

-- A partition a day (UTC), made beside the table and then attached, so that nobody who reads has to wait.
create function ensure_traffic_partition(wanted timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first timestamptz;
  name text;
begin
  if wanted < now() - interval '2 days' or wanted > now() + interval '2 days' then
    raise exception 'traffic of % is not written now', wanted;
  end if;
  -- Tomorrow's is made today.
  for ahead in 0..1 loop
    first := (date_trunc('day', wanted at time zone 'UTC') + ahead * interval '1 day') at time zone 'UTC';
    name := 'traffic_minute_' || to_char(first at time zone 'UTC', 'YYYYMMDD');
    if to_regclass(name) is null then
      -- One at a time. It is a relation's lock on purpose: with it comes what others have made meanwhile.
      lock table traffic_minute in share update exclusive mode;
      if to_regclass(name) is null then
        execute format('create table %I (like traffic_minute including all)', name);
        execute format('alter table traffic_minute attach partition %I for values from (%L) to (%L)', name, first, first + interval '1 day');
      end if;
    end if;
  end loop;
end
$$;
comment on function ensure_traffic_partition is 'Makes the partitions of a minute''s day and of the day after.';

create function traffic_partitions() returns table (name text, first timestamptz, beyond timestamptz)
language sql stable set search_path = public, pg_temp as $$
  select c.relname::text, bounds[1]::timestamptz, bounds[2]::timestamptz
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid,
  regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as bounds
  where i.inhparent = 'traffic_minute'::regclass
  order by 2
$$;

-- For the schema's owner.
create function prune_traffic(retention interval) returns integer
language plpgsql set search_path = public, pg_temp as $$
declare
  part record;
  dropped integer := 0;
begin
  for part in select p.* from traffic_partitions() p where p.beyond <= now() - retention loop
    execute format('drop table %I', part.name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;
comment on function prune_traffic is 'Drops the days of traffic that are wholly older than the retention; answers how many.';
revoke execute on function prune_traffic from public;

-- Revisions are gap-free and their times do not fall, so that the moment is found by halving.
create function revision_at(moment timestamptz) returns bigint
language plpgsql stable set search_path = public, pg_temp as $$
declare
  low bigint := coalesce((select revision from change_checkpoint), 0);
  high bigint := (select revision from head);
  middle bigint;
begin
  while low < high loop
    middle := (low + high + 1) / 2;
    if (select c.at from change c where c.revision = middle) <= moment then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  return low;
end
$$;
comment on function revision_at is 'The last retained change that was made by a moment; 0, or the checkpoint''s, where none was.';

create table generation_start (
  singleton boolean primary key default true check (singleton),
  at timestamptz not null
);
comment on table generation_start is 'When this generation began, once it is not the first: what the log tells of before was another course of things.';

create function note_generation() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  insert into generation_start (at) values (now()) on conflict (singleton) do update set at = excluded.at;
  return null;
end
$$;
create trigger generation_is_noted after update of generation on head for each row
  when (old.generation is distinct from new.generation and new.revision > 0) execute function note_generation();
