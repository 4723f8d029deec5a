-- Where the registry lives and what followers keep; a change log that can be pruned by time.

alter table head add column schema integer not null default 0;
alter table head add column home text;
alter table head add column withholding json;
comment on column head.schema is 'The newest script of this directory that was applied: a console that knows less refuses to write.';
comment on column head.home is 'Server, database and timeline that the registry was last written in: elsewhere it is a restored copy, and gets a new generation.';
comment on column head.withholding is 'Set when this generation began empty although followers held something: they keep it until an operator confirms.';

-- What the retained log follows on.
create table change_checkpoint (
  singleton boolean primary key default true check (singleton),
  revision bigint not null,
  at timestamptz not null,
  hash bytea not null,
  pruned_at timestamptz not null
);
comment on table change_checkpoint is 'The last change that retention dropped: the chain is verified from its hash.';

create function registry_home() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  here constant text := (select oid from pg_database where datname = current_database())::text;
begin
  return (select system_identifier from pg_control_system()) || '/' || here || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception when insufficient_privilege then
  return here;
end
$$;
comment on function registry_home is 'Server, database and timeline: differs in a restored copy, also in one restored to a point in time.';

create function change_partitions() returns table (name text, first bigint, beyond bigint)
language sql stable set search_path = public, pg_temp as $$
  select c.relname::text, bounds[1]::bigint, bounds[2]::bigint
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid,
  regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)') as bounds
  where i.inhparent = 'change'::regclass
  order by 2
$$;
comment on function change_partitions is 'The partitions of the change log: each takes the revisions from first to below beyond.';

-- Made beside the log and then attached: "partition of" would wait for, and hold up, everybody who reads the log (a backup, a verification).
create function add_change_partition(first bigint, beyond bigint) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  name text := 'change_' || lpad(first::text, 19, '0');
begin
  execute format('create table %I (like change including all)', name);
  execute format('alter table %I add constraint range check (revision >= %s and revision < %s)', name, first, beyond);
  execute format('alter table change attach partition %I for values from (%s) to (%s)', name, first, beyond);
  execute format('alter table %I drop constraint range', name);
end
$$;
revoke execute on function add_change_partition from public;

-- 100,000 changes each; 1,000,000 while the one before filled up within an hour. Retention closes one early that became old.
create or replace function ensure_change_partition(wanted bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  taken bigint;
  last record;
  rows_each bigint := 100000;
  beyond_all bigint;
begin
  select p.beyond into taken from change_partitions() p where wanted >= p.first and wanted < p.beyond;
  if found then
    return taken;
  end if;
  if wanted > (select revision from head) + 1000000 then
    raise exception 'revision % is too far ahead of the head', wanted;
  end if;

  select * into last from change_partitions() p order by p.first desc limit 1;
  if found then
    if (select c.at from change c where c.revision >= last.first order by c.revision limit 1) > now() - interval '1 hour' then
      rows_each := 1000000;
    end if;
    beyond_all := greatest(last.beyond, (wanted / rows_each) * rows_each);
  else
    beyond_all := (wanted / rows_each) * rows_each;
  end if;
  if wanted < beyond_all then
    raise exception 'revision % lies before the retained log', wanted;
  end if;
  perform add_change_partition(beyond_all, beyond_all + rows_each);
  return beyond_all + rows_each;
end
$$;

-- For the schema's owner. Whole partitions alone are dropped, so what is kept reaches back between one and one and a tenth times the retention.
create function prune_changes(retention interval) returns integer
language plpgsql set search_path = public, pg_temp as $$
declare
  head_revision bigint;
  part record;
  newest record;
  dropped integer := 0;
begin
  -- Nobody writes meanwhile.
  select revision into head_revision from head for update;
  select p.* into part from change_partitions() p where head_revision + 1 >= p.first and head_revision + 1 < p.beyond;
  if found and part.first <= head_revision
    and (select c.at from change c where c.revision >= part.first order by c.revision limit 1) < now() - retention / 10 then
    execute format('alter table change detach partition %I', part.name);
    execute format('alter table change attach partition %I for values from (%s) to (%s)', part.name, part.first, head_revision + 1);
    perform add_change_partition(head_revision + 1, part.beyond);
  end if;

  for part in select p.* from change_partitions() p where p.beyond <= head_revision + 1 order by p.first loop
    select c.revision, c.at, c.hash into newest from change c where c.revision >= part.first and c.revision < part.beyond order by c.revision desc limit 1;
    if found then
      exit when newest.at >= now() - retention;
      insert into change_checkpoint (revision, at, hash, pruned_at) values (newest.revision, newest.at, newest.hash, now())
      on conflict (singleton) do update set revision = excluded.revision, at = excluded.at, hash = excluded.hash, pruned_at = excluded.pruned_at;
    end if;
    execute format('drop table %I', part.name);
    dropped := dropped + 1;
  end loop;

  if dropped > 0 then
    delete from operation where outcome <> 'Open' and id <= (select revision from change_checkpoint);
  end if;
  return dropped;
end
$$;
comment on function prune_changes is 'Drops the partitions of the change log that are wholly older than the retention; answers how many.';
revoke execute on function prune_changes from public;
