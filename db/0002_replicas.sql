-- Several consoles on one database: who they are, how they trust one another, and which of them looks at which instance.

create table replica (
  id uuid primary key,
  url text not null,
  started timestamptz not null,
  last_seen timestamptz not null
);
comment on table replica is 'The consoles on this database, one row a run of a process; renewed with its leases, removed at an orderly stop.';
comment on column replica.url is 'Where the other consoles reach this one (Replica:Url).';

create table replica_secret (
  singleton boolean primary key default true check (singleton),
  secret bytea not null
);
comment on table replica_secret is 'By it consoles on one database recognise one another.';
-- Two random UUIDs hold 244 bits from the server's strong random source.
insert into replica_secret (secret) values (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));

create table health_lease (
  shard integer primary key check (shard between 0 and 63),
  owner uuid,
  epoch bigint not null default 0,
  until timestamptz not null default '-infinity'
);
comment on table health_lease is 'The health checks in 64 shares by hash of service and instance: each belongs to one console until its lease ends.';
comment on column health_lease.epoch is 'Rises with every new owner, under the head''s lock: a health write that names an older one is refused.';
insert into health_lease (shard) select generate_series(0, 63);
