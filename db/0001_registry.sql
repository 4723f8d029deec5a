-- The registry. One writer at a time holds the row of "head"; whatever it writes becomes visible with the next revision.
--
-- No foreign keys between these tables: each insert of an instance would lock and rewrite its service's row, and the writer, who alone
-- writes here, decides over the whole registry anyway. "json" and not "jsonb": what was hashed must come back byte by byte.

create table head (
  singleton boolean primary key default true check (singleton),
  generation uuid not null default gen_random_uuid(),
  revision bigint not null default 0 check (revision >= 0),
  at timestamptz not null default now(),
  batch uuid,
  hash bytea not null default decode(repeat('00', 32), 'hex')
);
comment on table head is 'Where the registry stands: one row, locked by whoever writes.';
comment on column head.generation is 'Revisions are comparable within one generation; a restore renews it.';
comment on column head.batch is 'The last committed batch: by it a writer recognises its own after a commit whose answer was lost.';
comment on column head.hash is 'SHA-256 of the change log''s last row.';
insert into head default values;

create table service (
  name text primary key,
  settings json not null,
  created_revision bigint not null,
  revision bigint not null,
  brake json
);
comment on column service.revision is 'The revision that last touched the service or one of its instances.';
comment on column service.brake is 'The mass-loss brake while it is engaged.';

create table instance (
  service text not null,
  id text not null,
  address text not null,
  port integer not null check (port between 1 and 65535),
  weight integer not null check (weight between 0 and 10000),
  zone text,
  node text,
  version text,
  metadata json not null,
  ttl interval,
  created_revision bigint not null,
  registered_at timestamptz not null,
  health json,
  primary key (service, id)
);
comment on column instance.weight is 'The registered weight; an operator''s is in operator_state.';
comment on column instance.health is 'The last verdict with its evidence; null = never judged.';

create table operator_state (
  service text not null,
  instance text not null,
  intent json not null,
  weight integer check (weight between 0 and 10000),
  ramp json,
  revision bigint not null,
  absent_since timestamptz,
  primary key (service, instance)
);
comment on table operator_state is 'What operators decided about an instance; outlives its registration.';

create table node (
  name text primary key,
  intent json not null,
  revision bigint not null
);

create table operation (
  id bigint primary key,
  outcome text not null,
  service text,
  node text,
  state json not null
);
comment on column operation.id is 'The revision of the change that opened it.';
create index operation_open on operation (id) where outcome = 'Open';

-- The one log: outbox of the feed, audit and history.
create table change (
  revision bigint not null,
  at timestamptz not null,
  actor text not null,
  actor_kind text not null,
  address text,
  action text not null,
  target text not null,
  reason text,
  operation bigint,
  touched text[] not null,
  before json not null,
  after json not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (revision)
) partition by range (revision);
comment on table change is 'Append-only. Each row''s hash covers its bytes as stored and the hash of the row before.';
comment on column change.touched is 'Every service, service/instance and node:name that the change concerns.';
-- A short pending list: flushing a long one would hold up the commit that fills it.
create index change_touched on change using gin (touched) with (gin_pending_list_limit = 256);
create index change_actor on change (actor, revision);
create index change_by_operators on change (revision) where actor_kind = 'Operator';

create function ensure_change_partition(wanted bigint) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  rows_each constant bigint := 1000000;
  first bigint := (wanted / rows_each) * rows_each;
  name text := 'change_' || lpad(first::text, 19, '0');
begin
  if to_regclass(name) is null then
    execute format('create table %I partition of change for values from (%s) to (%s)', name, first, first + rows_each);
  end if;
  return first + rows_each;
end
$$;
comment on function ensure_change_partition is 'Makes the partition that takes the wanted revision; answers the first revision beyond it.';
select ensure_change_partition(1);

create function refuse_change_of_log() returns trigger
language plpgsql as $$
begin
  raise exception 'the change log is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger change_is_append_only before update or delete on change for each row execute function refuse_change_of_log();
create trigger change_is_not_truncated before truncate on change for each statement execute function refuse_change_of_log();

create table data_protection_key (
  id integer generated always as identity primary key,
  name text not null,
  xml text not null
);
comment on table data_protection_key is 'The keys that sign-in cookies are protected with, shared by all consoles on this database.';
