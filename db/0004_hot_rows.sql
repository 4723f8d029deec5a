-- What is written thousands of times a second is written once, and in place.

-- A registration used to write its service's row too, for its revision alone. The revision that last touched a service is now the highest of its own row's and its instances'.
alter table instance add column revision bigint not null default 0;
comment on column instance.revision is 'The revision that last touched the service when this row was written; the service''s is the highest of these and its own.';
-- Room for the next version of a row on its own page: an update then touches no index.
alter table instance set (fillfactor = 70);
alter table service set (fillfactor = 70);

-- One statement a second and console writes what came in that second. Unlogged: after a crash of Postgres it is empty, and every instance gets a full lease anyway.
create unlogged table heartbeat (
  service text not null,
  instance text not null,
  seen timestamptz not null,
  primary key (service, instance)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5);
comment on table heartbeat is 'When each ttl instance was last heard, by Postgres'' clock, at most a second or two late.';
